import { preset } from '../../jest.preset.ts';

export default preset('@agent4/resilience', { legacyDecorators: true });
