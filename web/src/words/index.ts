/** The catalogue in use. Components read words from here and hold none themselves. */
import { en } from "~/words/en";

export type Words = typeof en;
export const words: Words = en;
