// Ends with 1 where libfaketime cannot be found.
import { findFaketime } from './faketime.ts';

if (!findFaketime()) process.exitCode = 1;
