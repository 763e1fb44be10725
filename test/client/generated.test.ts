import { describe, expect, it } from '@jest/globals';
import { startProcess } from '../support/process.js';

describe('the documents and types of the client', () => {
  it('are those of schema/operations', async () => {
    const codegen = startProcess(process.execPath, { args: ['node_modules/.bin/graphql-codegen', '--check'] });
    const { code } = await codegen.ended;
    expect({ code, output: code === 0 ? '' : codegen.output() }).toEqual({ code: 0, output: '' });
  });
});
