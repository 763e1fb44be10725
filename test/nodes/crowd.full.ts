import { it } from '@jest/globals';
import { loseCrowd } from './crowd.js';

it('a node that dies has 400 devices come back elsewhere, and none misses a call', () => loseCrowd(400), 600_000);
