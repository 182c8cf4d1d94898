import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import { bodyBytesOf, MAX_BODY_BYTES } from "./body.ts";
import type { Guest, Wire } from "./wire.ts";

type Hosted = { readonly wire: Wire; readonly guest: Guest };

const hosted = new WeakMap<FastifyRequest, Hosted>();

/** The wire whose guest the request is; undefined for every request that belongs to its route. */
export const wireOfGuest = (request: FastifyRequest): Wire | undefined => hosted.get(request)?.wire;

/**
 * Lets the guests of the wires in: where routes share a path, what is in the body decides. Called before any route is
 * registered.
 */
export function receiveGuests(app: FastifyInstance, wires: readonly Wire[]): void {
  const byRoute = new Map<string, Hosted>();
  for (const wire of wires)
    for (const guest of wire.guests ?? [])
      for (const path of guest.paths) byRoute.set(`${guest.method} ${path}`, { wire, guest });
  if (byRoute.size === 0) return;
  const at = (route: { readonly method: unknown; readonly url: string | undefined }) =>
    byRoute.get(`${String(route.method)} ${route.url}`);
  app.addHook("onRoute", (route) => {
    const found = at(route);
    if (!found) return;
    const { handler } = route;
    route.bodyLimit = found.guest.bodyLimit;
    // The route's schema is not the guest's.
    route.attachValidation = true;
    route.handler = async function (request, reply) {
      if (hosted.has(request)) return found.guest.answer(request, reply);
      if (request.validationError) throw request.validationError;
      return handler.call(this, request, reply);
    };
  });
  app.addHook("preValidation", (request, reply, done) => {
    const found = at(request.routeOptions);
    if (!found) done();
    else if (found.guest.isIts(request.body)) {
      hosted.set(request, found);
      found.guest.admit(request, reply).then(() => done(), done);
    } else
      done(
        bodyBytesOf(request) > MAX_BODY_BYTES
          ? new AppError("too_large", "The body is too large")
          : undefined,
      );
  });
}
