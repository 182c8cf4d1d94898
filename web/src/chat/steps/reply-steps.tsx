import type { Part } from "@colloquy/client";
import { lazy, memo, Suspense } from "react";
import { NotShown } from "../../not-shown.tsx";
import { Boundary } from "../../ui/boundary.tsx";
import type { CallsProps } from "./steps-in.ts";

const CallList = lazy(() => import("./call-list.tsx"));
const SourceList = lazy(() => import("./source-list.tsx"));

/** How high a folded row is, so that what follows hardly moves when the rows come. */
const ROW_REM = 2.25;

/** The calls of tools in a reply, each folded into a row. */
export const ReplyCalls = memo(function ReplyCalls(props: CallsProps) {
  const count = countOf("tool_call", props.parts);
  if (count === 0) return null;
  return (
    <Boundary fallback={<NotShown />}>
      <Suspense fallback={<div style={{ minHeight: `${count * ROW_REM}rem` }} />}>
        <CallList {...props} />
      </Suspense>
    </Boundary>
  );
});

/** The pages that a reply cites. */
export const ReplySources = memo(function ReplySources({ parts }: Pick<CallsProps, "parts">) {
  if (countOf("citation", parts) === 0) return null;
  return (
    <Boundary fallback={<NotShown />}>
      <Suspense>
        <SourceList parts={parts} />
      </Suspense>
    </Boundary>
  );
});

const countOf = (type: Part["type"], parts: readonly Part[] = []): number =>
  parts.filter((part) => part.type === type).length;
