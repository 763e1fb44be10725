import { it } from '@jest/globals';
import { loseCrowd } from './crowd.js';

it('a node that dies has its devices come back elsewhere, and none misses a call', () => loseCrowd(40), 240_000);
