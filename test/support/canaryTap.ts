import { afterEach, expect } from 'vitest';
import { takeFound } from './canaries.js';

afterEach(() => {
  expect(takeFound(), 'what only some may read was sent to others').toEqual([]);
});
