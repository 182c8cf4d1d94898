import {
  type AnonymousMode,
  type ConnectionFacts,
  type Credential,
  KEY_PREFIX,
} from "../../domain/access.ts";
import { COMMAND } from "../../domain/command.ts";
import { AppError } from "../../domain/errors.ts";
import {
  DEFAULT_USER,
  GUEST_USER,
  LOCAL_TENANT,
  type OneReply,
  type Owner,
  type Principal,
} from "../../domain/principal.ts";
import type { OneShare } from "../../domain/share.ts";
import { checkName } from "../../domain/text.ts";
import type { Credentials, VerifiedCredential } from "../../ports/credentials.ts";
import { checkOrigin, whyNotOfThisMachine } from "./this-machine.ts";

/** What is known of a request before its body is read. */
export type Visitor = {
  readonly connection: ConnectionFacts;
  readonly credential: Credential;
  /** The wire's document demands a Bearer token on every route (004). */
  readonly requiresBearer: boolean;
  /** Whether the request watches a reply, and therefore asks `replyToWatch` which one it may watch. Default: no. */
  readonly watchesReply?: boolean;
  /** Whether the request reads what a link shows. Default: no. */
  readonly readsShare?: boolean;
  /** Whether AUTH_ANONYMOUS=open serves the wire to anybody (000 to 003). */
  readonly isOpenWire: boolean;
  /** Whether a claim that the credential may not make is ignored, instead of refused. Default: no. */
  readonly ignoresOtherUsers?: boolean;
};

/** The user ids that a request claims, in header, query and body, by the name of the field. */
export type Claims = Readonly<Record<string, string | null | undefined>>;

export type AccessRequest = Visitor & { readonly claims: Claims };

/** Says which user the visitor acts as. @throws AppError forbidden, invalid_request */
export type ActAs = (claims: Claims) => Principal;

/**
 * Decides whether the visitor is admitted, and returns the function that judges the claims. Those may be
 * in a body, and the server reads a body only for an admitted visitor. @throws AppError unauthenticated,
 * forbidden, unavailable
 */
export type DecideAccess = (visitor: Visitor) => Promise<ActAs>;

const HOW_TO_CLAIM =
  "Until the first key is made, this server serves only programs of its own user or root on its own machine, and no proxy. On that machine run:\n" +
  `  ${COMMAND} keys create --name me\n` +
  "then send the key it shows as: Authorization: Bearer ck_…";

const A_KEY_IS_NEEDED = `A key is needed: send 'Authorization: Bearer ck_…'. Make one with '${COMMAND} keys create'`;

const NO_BEARER = `Send a Bearer token: 'Authorization: Bearer <key>'. Make a key with '${COMMAND} keys create'. Until the first key is made, programs on the server's own machine may send any token.`;

/** The one function that decides, for every wire, socket and resumed stream, who may act as whom. */
export function createAccess(
  credentials: Credentials,
  { anonymous }: { readonly anonymous: AnonymousMode },
): DecideAccess {
  return async (visitor) => {
    const { connection, credential, requiresBearer, isOpenWire, watchesReply = false } = visitor;
    const { readsShare = false } = visitor;
    const actAs =
      (verified: VerifiedCredential, onlyReply: OneReply | null = null): ActAs =>
      (claims) => {
        const isIgnored = visitor.ignoresOtherUsers && !verified.actAs;
        return {
          ...principalOf(verified, isIgnored ? undefined : theOneClaim(claims)),
          ...(onlyReply && { isOperator: false, onlyReply }),
        };
      };
    if (credential.kind === "malformed")
      throw new AppError("unauthenticated", "The Authorization header must be 'Bearer <key>'");
    if (readsShare !== (credential.kind === "shared")) throw onlyItsShare();
    if (credential.kind === "shared") {
      // Until it is claimed, the server serves its own machine alone.
      const hindrance = (await credentials.isClaimed())
        ? null
        : await whyNotOfThisMachine(connection);
      if (hindrance !== null) throw new AppError("forbidden", `${hindrance}. ${HOW_TO_CLAIM}`);
      return () => readerOf(credential.shared);
    }
    const isRedeemed = credential.kind === "redeemed";
    if (isRedeemed && credential.onlyReply && !watchesReply) throw onlyItsReply();
    if (isRedeemed && credential.verified.proof.kind !== "none")
      return actAs(credential.verified, credential.onlyReply);
    const isBearer = credential.kind === "bearer";
    const verified = isBearer ? await credentials.verify(credential.token) : null;
    if (verified) return actAs(verified);
    if (isBearer && credential.token.startsWith(KEY_PREFIX))
      throw new AppError(
        "unauthenticated",
        `This key is unknown or revoked. '${COMMAND} keys list' shows the keys there are`,
      );

    const isClaimed = await credentials.isClaimed();
    if (isClaimed && isBearer) throw invalidToken();
    const isOpen = anonymous === "open" && isOpenWire;
    const servesThisMachine = !isClaimed || anonymous === "loopback";
    if (isClaimed && !servesThisMachine && !isOpen)
      throw new AppError("unauthenticated", A_KEY_IS_NEEDED);
    const hindrance = await whyNotOfThisMachine(connection);
    checkOrigin(connection, hindrance === null);
    if (hindrance === null && servesThisMachine) {
      if (isRedeemed) return actAs(credential.verified, credential.onlyReply);
      if (requiresBearer && !isBearer) throw new AppError("unauthenticated", NO_BEARER);
      return (claims) => anonymousUser(theOneClaim(claims) ?? DEFAULT_USER, "none");
    }
    if (!isOpen)
      throw isClaimed
        ? new AppError("unauthenticated", `${A_KEY_IS_NEEDED}. ${hindrance}`)
        : new AppError("forbidden", `${hindrance}. ${HOW_TO_CLAIM}`);
    if (credential.kind !== "none") throw invalidToken();
    const hasKey = await credentials.keyHolders();
    return (claims) => anonymousUser(openUser(theOneClaim(claims), hasKey), "open");
  };
}

/**
 * A visitor without a credential is never an operator, because only a proof that requires access to the
 * machine makes one.
 */
const anonymousUser = (userId: string, kind: "none" | "open"): Principal => ({
  tenantId: LOCAL_TENANT,
  userId,
  proof: { kind },
  isOperator: false,
  models: null,
});

/**
 * The user as whom a visitor acts whom AUTH_ANONYMOUS=open admits: never the owner of the machine, a user
 * with a key, or the profile that all guests share. @throws AppError unauthenticated
 */
function openUser(claimed: string | undefined, hasKey: (owner: Owner) => boolean): string {
  if (claimed === undefined) return GUEST_USER;
  const isReserved = claimed === DEFAULT_USER || claimed === GUEST_USER;
  if (isReserved || hasKey({ tenantId: LOCAL_TENANT, userId: claimed }))
    throw new AppError(
      "unauthenticated",
      "This user needs a key: send one of theirs, or name another user",
    );
  return claimed;
}

/** A reader with a link sees, as its owner would, what the link shows and nothing else. */
const readerOf = ({ tenantId, userId, share }: OneShare): Principal => ({
  tenantId,
  userId,
  proof: { kind: "link", shareId: share.id },
  isOperator: false,
  models: [],
  onlyShare: share,
});

const onlyItsShare = () =>
  new AppError(
    "forbidden",
    "A link opens the conversation that was shared with it, and nothing else",
  );

const invalidToken = () =>
  new AppError(
    "unauthenticated",
    `This token is not valid. Send a key made with '${COMMAND} keys create', or a token of this server's issuer`,
  );

/**
 * The user as whom a request acts that names a conversation. Without a user id, it acts as the
 * conversation's owner if no proof of identity is required, because such a program could name the owner as
 * well.
 * @param namesUser whether the request says who the user is
 * @param ownersId asked only where it decides; null: there is no such conversation
 */
export async function principalOfConversation(
  principal: Principal,
  namesUser: boolean,
  ownersId: () => Promise<string | null>,
): Promise<Principal> {
  if (namesUser || principal.proof.kind !== "none") return principal;
  const userId = await ownersId();
  return userId === null ? principal : { ...principal, userId };
}

/**
 * The reply of that conversation that a principal may watch: the reply that its ticket is for or, without
 * a ticket, the reply that the request names. @param replyId null: the latest. @throws AppError forbidden
 */
export function replyToWatch(
  { onlyReply }: Principal,
  conversationId: string,
  replyId: string | null,
): string | null {
  if (!onlyReply) return replyId;
  const isIts = replyId === null || replyId === onlyReply.replyId;
  if (!isIts || conversationId !== onlyReply.conversationId) throw onlyItsReply();
  return onlyReply.replyId;
}

const onlyItsReply = () =>
  new AppError(
    "forbidden",
    "This ticket opens the stream of one reply, and nothing else. POST /v1/chat/tickets gives one for another",
  );

function principalOf(verified: VerifiedCredential, claimedUser: string | undefined): Principal {
  const { tenantId, userId, subject, proof, actAs, isOperator, models } = verified;
  const claimed = claimedUser === subject ? userId : (claimedUser ?? userId);
  if (claimed !== userId && !actAs)
    throw new AppError(
      "forbidden",
      proof.kind === "token" || proof.kind === "session"
        ? "A token or a session may only act for its own subject. Leave the user id out"
        : "This key or ticket may only act for its own user. Leave the user id out, or use a key made with --act-as",
    );
  return { tenantId, userId: claimed, proof, isOperator, models };
}

/** @throws AppError invalid_request when two claims differ, or one is no usable id */
function theOneClaim(claims: Claims): string | undefined {
  let first: { field: string; value: string } | undefined;
  for (const field in claims) {
    const value = claims[field];
    if (value === undefined || value === null) continue;
    checkName(value, field);
    if (first && first.value !== value)
      throw new AppError(
        "invalid_request",
        `${first.field} and ${field} name two different users; send one, or the same in both`,
        { field },
      );
    first ??= { field, value };
  }
  return first?.value;
}
