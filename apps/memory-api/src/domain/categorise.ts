/** What OpenMemory's users know as categories, found by words instead of by a paid call. */
const RULES: Readonly<Record<string, string>> = {
  personal: `birthday birthplace born childhood daily diary habit hobby hobbies home house lifestyle myself nickname
    neighbour neighbor neighbourhood pet pets cat dog routine live lives living name named pronoun pronouns age`,
  relationships: `friend friends family mother father mom mum dad parent parents brother sister sibling siblings wife
    husband spouse partner girlfriend boyfriend fiance fiancee married marriage wedding divorce daughter son child
    children kids baby grandmother grandfather grandma grandpa aunt uncle cousin niece nephew colleague roommate`,
  preferences: `prefer prefers preferred preference like likes liked love loves loved enjoy enjoys enjoyed favourite
    favorite favourites favorites hate hates dislike dislikes rather fond fan`,
  health: `health healthy doctor dentist hospital clinic medicine medication pill allergy allergic allergies asthma
    diabetes pain injury injured surgery therapy therapist diagnosis symptom symptoms diet nutrition vegan vegetarian
    gluten sleep insomnia exercise workout gym fitness yoga running marathon mental anxiety depression vaccine`,
  travel: `travel travels travelled traveled travelling traveling trip trips flight flights airport airline hotel
    hostel passport visa vacation holiday journey itinerary tourist tour beach cruise luggage camping roadtrip abroad`,
  work: `work works worked working job jobs career office meeting meetings manager boss coworker coworkers employee
    employer company salary interview hired promotion resume shift client clients business startup deadline`,
  education: `school university college course courses class classes student students teacher professor degree study
    studies studying studied exam exams homework lecture thesis phd diploma graduate graduated graduation learn
    learning training certificate tutor`,
  projects: `project projects roadmap milestone milestones repository repo backlog sprint prototype release launch
    feature features ticket tickets refactor deploy deployment`,
  'ai, ml & technology': `ai ml llm gpt model models neural embedding embeddings chatbot agent agents robot robotics
    algorithm software hardware programming code coding developer python javascript typescript rust java api database
    server servers cloud kubernetes docker linux computer laptop app algorithmic`,
  'technical support': `bug bugs crash crashes crashed error errors fix fixed install installing troubleshoot
    troubleshooting password reset outage broken reinstall login`,
  finance: `money bank banking budget invest investing investment investments stock stocks loan mortgage tax taxes
    savings saving debt income expense expenses payment payments insurance pension crypto bitcoin credit`,
  shopping: `buy buys bought buying shop shopping store purchase purchased order ordered price discount sale delivery
    cart receipt refund brand grocery groceries`,
  legal: `legal law lawyer attorney court contract contracts lawsuit license licence regulation compliance gdpr patent
    trademark policy terms custody`,
  entertainment: `movie movies film films cinema series show shows music song songs concert band album guitar piano
    game games gaming book books novel novels read reading theatre theater festival podcast streaming anime painting
    art museum dance dancing`,
  messages: `email emails message messages texted letter letters inbox sms whatsapp slack newsletter`,
  'customer support': `complaint complaints helpdesk warranty support`,
  'product feedback': `feedback review reviews rating suggestion usability survey`,
  news: `news headline headlines election politics politician government article newspaper journalist`,
  organization: `calendar schedule scheduled appointment appointments reminder reminders remind todo checklist plan
    planner planning agenda task tasks`,
  goals: `goal goals dream dreams aim aims ambition aspire aspiration resolution target achieve achieved hope hopes
    wish wishes want wants wanted bucket`,
};

const CATEGORIES_BY_WORD: ReadonlyMap<string, readonly string[]> = (() => {
  const byWord = new Map<string, string[]>();
  for (const [category, words] of Object.entries(RULES))
    for (const word of words.split(/\s+/)) byWord.set(word, [...(byWord.get(word) ?? []), category]);
  return byWord;
})();

const WORD = /[\p{L}\p{N}]+/gu;
const MAX_CATEGORIES = 3;
/** Enough to tell what a text is about, however long it is. */
const MAX_CHARACTERS = 8_192;

/**
 * The categories of a text, most telling first, at most three; none when no rule speaks.
 * Local rules: no model, no network, the same answer every time.
 */
export const categorise = (text: string): string[] => {
  const votes = new Map<string, number>();
  for (const word of new Set(text.slice(0, MAX_CHARACTERS).toLowerCase().match(WORD)))
    for (const category of CATEGORIES_BY_WORD.get(word) ?? [])
      votes.set(category, (votes.get(category) ?? 0) + 1);
  return [...votes]
    .sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0]))
    .slice(0, MAX_CATEGORIES)
    .map(([category]) => category);
};
