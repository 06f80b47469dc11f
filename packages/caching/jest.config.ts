import { preset } from '../../jest.preset.ts';

export default preset('@agent4/caching', { legacyDecorators: true });
