// All cases of negotiation.test.ts, which npm test has some of.
import './negotiation.test.js';
