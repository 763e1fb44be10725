import './inputs.test.js';
