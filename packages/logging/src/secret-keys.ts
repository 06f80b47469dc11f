// Whole names, never parts of names: `tokens: 812`, `key`, `author`, `pinned` and `address` are not secrets.
const words = (text: string): string[] => text.trim().split(/\s+/);

/** Names of fields whose values are never shown, without case and separators. */
export const secretKeys: readonly string[] = words(`
  password passwd pwd passphrase passcode passwordhash dbpassword userpassword pgpassword mysqlpwd redispassword smtppassword
  adminpassword rootpassword oldpassword newpassword currentpassword confirmpassword databasepassword
  secret clientsecret sharedsecret apisecret appsecret consumersecret jwtsecret sessionsecret signingsecret webhooksecret
  tokensecret credential credentials
  token accesstoken refreshtoken idtoken authtoken bearertoken sessiontoken securitytoken apitoken oauthtoken jwt
  personalaccesstoken resettoken passwordresettoken verificationtoken csrftoken xsrftoken
  xauthtoken xaccesstoken xcsrftoken xxsrftoken xamzsecuritytoken
  apikey xapikey secretkey accesskey secretaccesskey awssecretaccesskey awssecretkey awssessiontoken accountkey sharedaccesskey
  privatekey sshprivatekey signingkey encryptionkey masterkey
  auth authkey authheader basicauth bearer bearerauth authorization proxyauthorization
  otp otpcode totp totpsecret onetimepassword onetimecode mfacode mfatoken twofactorcode backupcodes recoverycodes
  pin cardpin pinnumber
  cookie cookies setcookie sessionid
  creditcard creditcardnumber cardnumber cvv cvv2 cvc cvc2 ssn socialsecuritynumber
`);

/** In a query these short names are credentials too (OAuth codes, signed URLs); elsewhere they are ordinary words. */
export const secretParameters: readonly string[] = words(
  'code key sig signature session sid xamzsignature xamzcredential',
);

export const normalizeKey = (key: string): string => key.toLowerCase().replace(/[-_.\s]/g, '');
