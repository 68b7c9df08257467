import fc from "fast-check";
import { runSeed } from "./runSeed.ts";

/** fast-check, which would take a seed from the clock otherwise: see `runSeed`. A failure prints its own seed and path. */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: runSeed });

export { fc };
