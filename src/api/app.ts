/** Builds the HTTP door; does not listen. Routes are small; what they mean is told in commands, ledger and devices. */
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import fastifyStatic from "@fastify/static";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { jsonSchemaTransform, validatorCompiler } from "fastify-type-provider-zod";
import { COOKIE, installAccess, isOpenRoute } from "./access.ts";
import { systemClock } from "../kernel/clock.ts";
import type { ApiParts } from "./books.ts";
import { installDraining } from "./draining.ts";
import { installReplies, send, toFault } from "./replies.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { billRoutes } from "./routes/bills.ts";
import { bookkeepingRoutes } from "./routes/bookkeeping.ts";
import { auditRoutes } from "./routes/audit.ts";
import { busRoutes } from "./routes/buses.ts";
import { collectionRoutes } from "./routes/collection.ts";
import { commandRoutes } from "./routes/commands.ts";
import { cutRoutes } from "./routes/cuts.ts";
import { entryRoutes } from "./routes/entries.ts";
import { exceptionRoutes } from "./routes/exceptions.ts";
import { indicatorRoutes } from "./routes/indicators.ts";
import { houseRoutes } from "./routes/house.ts";
import { meterRoutes } from "./routes/meters.ts";
import { newMeterRoutes } from "./routes/new-meters.ts";
import { noCutRoutes } from "./routes/no-cuts.ts";
import { noticeRoutes } from "./routes/notices.ts";
import { paymentBatchRoutes } from "./routes/payment-batches.ts";
import { paymentRoutes } from "./routes/payments.ts";
import { policyRoutes } from "./routes/policy.ts";
import { installPermissions } from "./permissions.ts";
import { readingRoutes } from "./routes/readings.ts";
import { receiptRoutes } from "./routes/receipts.ts";
import { recoveryRoutes } from "./routes/recovery.ts";
import { replacementRoutes } from "./routes/replacements.ts";
import { reviewRoutes } from "./routes/reviews.ts";
import { sessionRoutes } from "./routes/session.ts";
import { tariffPushRoutes } from "./routes/tariff-push.ts";
import { walletRoutes } from "./routes/wallets.ts";
import { Views } from "./views.ts";

const BODY_BYTES_MAX = 64 * 1_024;
/** Per key; without keys the API is open on loopback and not limited. */
const REQUESTS_PER_MINUTE_MAX = 6_000;

export async function buildApp(parts: ApiParts): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    // before there is a route, no error handler is asked: an address that cannot be read is told in our own shape here
    frameworkErrors: (error, _request, reply) => void send(reply as FastifyReply, toFault(error)),
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => (body) => JSON.stringify(body)); // views say the shape; schemas document it
  installReplies(app, parts.log);
  installDraining(app, systemClock);
  const access = installAccess(app, parts);
  installPermissions(app, parts);
  if (parts.apiKeys.length > 0) await app.register(rateLimit, { max: REQUESTS_PER_MINUTE_MAX, timeWindow: "1 minute" });
  await app.register(helmet, {
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Fee-control gateway",
        version: "1",
        description: "Top-ups, relay orders and readings for remote fee-control electricity meters.",
      },
      components: {
        securitySchemes: {
          key: {
            type: "http",
            scheme: "bearer",
            description: "One of the site's apiKeys. Without any the API is open on loopback.",
          },
          session: {
            type: "apiKey",
            in: "cookie",
            name: COOKIE,
            description: "What POST /v1/session gives a browser for a key. Writes have to be JSON and from the same origin.",
          },
        },
      },
      security: [...(access.isNeeded ? [] : [{}]), { key: [] }, { session: [] }],
    },
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route);
      return { schema: isOpenRoute(url) ? { ...schema, security: [] } : schema, url };
    },
  });
  await app.register(swaggerUi, { routePrefix: "/docs" });
  const views = new Views(parts.timeZone);
  await app.register((routes, _options, done) => {
    paymentRoutes(routes, parts, views);
    paymentBatchRoutes(routes, parts, views);
    meterRoutes(routes, parts, views);
    newMeterRoutes(routes, parts);
    readingRoutes(routes, parts, views);
    commandRoutes(routes, parts, views);
    approvalRoutes(routes, parts, views);
    walletRoutes(routes, parts, views);
    tariffPushRoutes(routes, parts, views);
    replacementRoutes(routes, parts, views);
    accountRoutes(routes, parts, views);
    billRoutes(routes, parts);
    policyRoutes(routes, parts, views);
    cutRoutes(routes, parts, views);
    noCutRoutes(routes, parts, views);
    noticeRoutes(routes, parts, views);
    exceptionRoutes(routes, parts, views);
    recoveryRoutes(routes, parts, views);
    entryRoutes(routes, parts, views);
    reviewRoutes(routes, parts, views);
    bookkeepingRoutes(routes, parts, views);
    collectionRoutes(routes, parts);
    indicatorRoutes(routes, parts);
    busRoutes(routes, parts);
    auditRoutes(routes, parts);
    receiptRoutes(routes, parts);
    houseRoutes(routes, parts);
    sessionRoutes(routes, access, parts.clock);
    routes.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
    done();
  });
  if (parts.consoleFolder !== null) await app.register(fastifyStatic, { root: parts.consoleFolder, prefix: "/" });
  await app.ready();
  return app;
}
