import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Static } from "typebox";
import { MAX_INSTRUCTIONS_CHARACTERS } from "../../domain/profile.ts";
import { filesOf, MAX_FILES_A_PROJECT, MAX_PROJECTS, type Project } from "../../domain/project.ts";
import { MAX_NAME_CHARACTERS } from "../../domain/text.ts";
import { idempotencyOf, RepeatHeaders } from "../../http/idempotency.ts";
import { Type } from "../../http/schema.ts";
import { AttachmentBody } from "./file-schemas.ts";
import { attachmentBody } from "./map.ts";
import type { ChatV1Parts } from "./parts.ts";
import { answers, User, UserQuery } from "./schemas.ts";

const tags = ["chat-v1"];
const Params = Type.Object({ projectId: Type.String() });
const Time = Type.String({ format: "date-time" });

const name = Type.String({ description: `1 to ${MAX_NAME_CHARACTERS} characters.` });
const instructions = Type.String({
  description: `At most ${MAX_INSTRUCTIONS_CHARACTERS} characters; empty: none.`,
});
const others = {
  instructions: Type.Optional(instructions),
  file_ids: Type.Optional(
    Type.Array(Type.String(), {
      description: `The ids of at most ${MAX_FILES_A_PROJECT} files: all that the project is to have.`,
    }),
  ),
  ...User,
};
const NewProject = Type.Object({ name, ...others });
const ProjectChange = Type.Object({ name: Type.Optional(name), ...others });
const ProjectBody = Type.Object(
  {
    id: Type.String(),
    name,
    instructions,
    files: Type.Array(AttachmentBody),
    created_at: Time,
    updated_at: Time,
  },
  { title: "Project" },
);
const DeletedProjectBody = Type.Object({
  id: Type.String(),
  conversations: Type.Integer({
    description: "How many conversations it had. They are kept, and in no project now.",
  }),
});

const projectBody = (project: Project): Static<typeof ProjectBody> => ({
  id: project.id,
  name: project.name,
  instructions: project.instructions,
  files: filesOf(project).map(attachmentBody),
  created_at: project.createdAt.toISOString(),
  updated_at: project.updatedAt.toISOString(),
});

export function projectRoutes(
  plain: FastifyInstance,
  { projects }: Pick<ChatV1Parts, "projects">,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    "/v1/chat/projects",
    {
      schema: {
        tags,
        summary: "Make a project: a folder for conversations, with instructions and files",
        description: `A user has at most ${MAX_PROJECTS}.`,
        headers: RepeatHeaders,
        querystring: UserQuery,
        body: NewProject,
        response: answers(201, ProjectBody),
      },
    },
    async (request, reply) => {
      const { file_ids: fileIds, ...draft } = request.body;
      const created = await projects.create(
        request.principal,
        { ...draft, fileIds },
        idempotencyOf(request),
      );
      return reply.code(201).send({ success: true, data: projectBody(created) });
    },
  );

  app.get(
    "/v1/chat/projects",
    {
      schema: {
        tags,
        summary: "List the user's projects, oldest first",
        querystring: UserQuery,
        response: answers(200, Type.Array(ProjectBody)),
      },
    },
    async ({ principal }, reply) =>
      reply.send({ success: true, data: (await projects.list(principal)).map(projectBody) }),
  );

  app.get(
    "/v1/chat/projects/:projectId",
    {
      schema: {
        tags,
        summary: "Get a project",
        params: Params,
        querystring: UserQuery,
        response: answers(200, ProjectBody),
      },
    },
    async ({ principal, params }, reply) =>
      reply.send({
        success: true,
        data: projectBody(await projects.get(principal, params.projectId)),
      }),
  );

  app.patch(
    "/v1/chat/projects/:projectId",
    {
      schema: {
        tags,
        summary: "Change a project's name, instructions or files",
        params: Params,
        querystring: UserQuery,
        body: ProjectChange,
        response: answers(200, ProjectBody),
      },
    },
    async ({ principal, params, body }, reply) => {
      const { file_ids: fileIds, ...change } = body;
      const changed = await projects.change(principal, params.projectId, { ...change, fileIds });
      return reply.send({ success: true, data: projectBody(changed) });
    },
  );

  app.delete(
    "/v1/chat/projects/:projectId",
    {
      schema: {
        tags,
        summary: "Delete a project and keep its conversations",
        params: Params,
        querystring: UserQuery,
        response: answers(200, DeletedProjectBody),
      },
    },
    async ({ principal, params }, reply) => {
      const conversations = await projects.delete(principal, params.projectId);
      return reply.send({
        success: true,
        data: { id: params.projectId, conversations },
        message: "Project deleted. Its conversations are kept, and in no project now",
      });
    },
  );
}
