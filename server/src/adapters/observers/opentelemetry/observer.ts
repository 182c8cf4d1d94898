import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import type { TurnObserver } from "../../../ports/observer.ts";

/**
 * A span a turn, and one under it for each call of a tool, named and described by the OpenTelemetry semantic conventions for generative AI,
 * sent over OTLP/HTTP. Prompts, answers, arguments and results are never part of it.
 * @param endpoint OTEL_EXPORTER_OTLP_ENDPOINT, without /v1/traces
 */
export function openTelemetryObserver(endpoint: string): {
  readonly observer: TurnObserver;
  close(): Promise<void>;
} {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, "")}/v1/traces` });
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const tracer = provider.getTracer("colloquy");
  return {
    observer: {
      begin({ replyId, conversationId, origin, model }) {
        const span = tracer.startSpan(`chat ${model}`, {
          kind: SpanKind.CLIENT,
          attributes: {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": model,
            ...(conversationId !== null && { "gen_ai.conversation.id": conversationId }),
            "gen_ai.response.id": replyId,
            "colloquy.wire": origin,
          },
        });
        return {
          asked: () => void span.addEvent("colloquy.asked"),
          firstToken: () => void span.addEvent("gen_ai.first_token"),
          called({ callId, tool, source }) {
            const call = tracer.startSpan(
              `execute_tool ${tool}`,
              {
                kind: SpanKind.INTERNAL,
                attributes: {
                  "gen_ai.operation.name": "execute_tool",
                  "gen_ai.tool.name": tool,
                  "gen_ai.tool.call.id": callId,
                  "colloquy.tool.source": source,
                },
              },
              trace.setSpan(ROOT_CONTEXT, span),
            );
            return {
              ended(outcome) {
                call.setAttribute("colloquy.tool.outcome", outcome);
                if (outcome !== "ok") {
                  call.setAttribute("error.type", outcome);
                  call.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
                }
                call.end();
              },
            };
          },
          ended({ status, model: answered, usage, finishReason, errorCode }) {
            span.setAttribute("gen_ai.response.model", answered);
            span.setAttribute("colloquy.turn.status", status);
            if (finishReason) span.setAttribute("gen_ai.response.finish_reasons", [finishReason]);
            if (usage)
              span.setAttributes({
                "gen_ai.usage.input_tokens": usage.promptTokens,
                "gen_ai.usage.output_tokens": usage.completionTokens,
                ...(usage.cachedTokens !== undefined && {
                  "gen_ai.usage.cache_read.input_tokens": usage.cachedTokens,
                }),
                ...(usage.reasoningTokens !== undefined && {
                  "gen_ai.usage.reasoning.output_tokens": usage.reasoningTokens,
                }),
                ...(usage.costUsd !== undefined && { "colloquy.usage.cost_usd": usage.costUsd }),
              });
            if (errorCode) {
              span.setAttribute("error.type", errorCode);
              span.setStatus({ code: SpanStatusCode.ERROR, message: errorCode });
            }
            span.end();
          },
        };
      },
    },
    close: () => provider.shutdown(),
  };
}
