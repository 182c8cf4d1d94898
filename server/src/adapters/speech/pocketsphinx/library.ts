/*
 * The C functions of pocketsphinx and sphinxbase 5prealpha (their headers pocketsphinx.h, cmd_ln.h,
 * fe.h, feat.h, cmn.h), through koffi. For the child process: a bad model can end the process.
 */
import koffi from "koffi";
import type { PocketsphinxPaths } from "./find.ts";

export const CEPSTRUM_LENGTH = 13;

export type Library = ReturnType<typeof loadLibrary>;

/** A pointer of C. */
export type Pointer = unknown;

/** @throws Error when the libraries cannot be loaded */
export const loadLibrary = (paths: Pick<PocketsphinxPaths, "baseLibrary" | "decoderLibrary">) => {
  const base = koffi.load(paths.baseLibrary);
  const decoder = koffi.load(paths.decoderLibrary);
  const initialise = base.func("void *cmd_ln_init(void*, void*, int, ...)");
  const decoderArguments = decoder.func("void *ps_args()");
  return {
    /** Null when a setting is unknown. */
    configure(settings: Readonly<Record<string, string>>): Pointer {
      const words = Object.entries(settings).flatMap(([name, value]) => [
        ...["const char*", `-${name}`],
        ...["const char*", value],
      ]);
      return initialise(null, decoderArguments(), 1, ...words, "const char*", null);
    },
    retainConfiguration: base.func("void *cmd_ln_retain(void*)"),
    createDecoder: decoder.func("void *ps_init(void*)"),
    configurationOf: decoder.func("void *ps_get_config(void*)"),
    startStream: decoder.func("int ps_start_stream(void*)"),
    startUtterance: decoder.func("int ps_start_utt(void*)"),
    process: decoder.func("int ps_process_raw(void*, const int16_t*, size_t, int, int)"),
    endUtterance: decoder.func("int ps_end_utt(void*)"),
    hypothesis: decoder.func("const char *ps_get_hyp(void*, void*)"),
    featuresOf: decoder.func("void *ps_get_feat(void*)"),
    setCepstralMean: base.func("void cmn_live_set(void*, const float*)"),
    createFrontEnd: base.func("void *fe_init_auto_r(void*)"),
    startFrontEndStream: base.func("void fe_start_stream(void*)"),
    startFrontEnd: base.func("int fe_start_utt(void*)"),
    frontEnd: base.func(
      "int fe_process_frames(void*, _Inout_ void**, _Inout_ size_t*, void*, _Inout_ int*, _Out_ int*)",
    ),
    allocateRows: base.func("void *__ckd_calloc_2d__(size_t, size_t, size_t, const char*, int)"),
  };
};

/** `feat_t` of feat.h, as far as the normaliser of cepstral means that is wanted from it. */
const FEATURES = koffi.struct({
  referenceCount: "int",
  name: "void*",
  cepstrumSize: "int",
  streamCount: "int",
  streamLengths: "void*",
  windowSize: "int",
  subvectorCount: "int",
  subvectorLengths: "void*",
  subvectors: "void*",
  subvectorBuffer: "void*",
  subvectorDimension: "int",
  meanType: "int",
  normalisesVariance: "int",
  gainControl: "int",
  computeFeatures: "void*",
  meanNormaliser: "void*",
});

export const meanNormaliserOf = (features: Pointer): Pointer =>
  koffi.decode(features, FEATURES).meanNormaliser;

/** Memory of C for so many samples, and a window on it. */
export const allocateSamples = (count: number) => {
  const pointer: Pointer = koffi.alloc("int16_t", count);
  return { pointer, samples: new Int16Array(koffi.view(pointer, 2 * count)) };
};

/** Memory of C for so many cepstra, one after the other, and a window on it. */
export const allocateCepstra = (library: Library, count: number) => {
  const pointer = library.allocateRows(count, CEPSTRUM_LENGTH, 4, "cepstra", 0);
  const bytes = 4 * count * CEPSTRUM_LENGTH;
  return { pointer, values: new Float32Array(koffi.view(koffi.decode(pointer, "void*"), bytes)) };
};
