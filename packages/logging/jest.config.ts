import { preset } from '../../jest.preset.ts';

export default preset('@agent4/logging');
