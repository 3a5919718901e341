// Checks the record of a run again: `node check.mjs FILE`.
import { check } from './checker.mjs';
import { read } from './history.mjs';

const found = check(read(process.argv[2]));
console.log(JSON.stringify(found, null, 2));
process.exitCode = found.violations.length > 0 ? 1 : 0;
