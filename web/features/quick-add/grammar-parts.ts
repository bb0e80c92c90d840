import { parseDue, parseQuickAdd, parseRepeat, splitLines } from '@taskmaster/domain/quick-add/parse';
import { labelOf } from '@taskmaster/domain/recurrence/label';
import { preview } from '@taskmaster/domain/recurrence/preview';
import { normaliseRecurrence } from '@taskmaster/domain/recurrence/rule';

/** All that reads and says dates and repeats, as one piece to fetch. */
export const grammar = { labelOf, normaliseRecurrence, parseDue, parseQuickAdd, parseRepeat, preview, splitLines };
