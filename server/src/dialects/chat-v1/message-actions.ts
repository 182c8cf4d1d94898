// What stopping a reply and restoring replaced messages take and answer.
import { Type } from "../../http/schema.ts";
import { User } from "./schemas.ts";

export const StoppedBody = Type.Object({ stopped: Type.Boolean() });
export const RestoreBody = Type.Object({
  replaced_by: Type.String({ description: "The id of what was sent with `replace_from`." }),
  ...User,
});
export const RestoredBody = Type.Object({ restored: Type.Integer() });
