# Two images from one file: the gateway (default) and the simulated street (--target simulator).
#
# Node runs TypeScript by itself, so the only thing that is built is the console. Development packages stay in their own
# stage; what runs holds production packages alone, and runs as a plain user who can write nowhere but to its data folder.
# NODE_ENV is left to the site: with NODE_ENV=production the gateway refuses the published software test keys.

FROM node:24-bookworm-slim AS console
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src/kernel ./src/kernel
COPY src/console ./src/console
RUN node src/console/build.ts

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim AS simulator
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY src/kernel ./src/kernel
COPY simulator ./simulator
USER node
ENTRYPOINT ["node", "simulator/main.ts"]

FROM node:24-bookworm-slim AS gateway
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
COPY --from=console /app/src/console/dist ./src/console/dist
RUN mkdir /var/lib/gateway && chown node:node /var/lib/gateway
ENV GATEWAY_DATA=/var/lib/gateway
USER node
# What is on the wire is finished before leaving: give it its 30 seconds.
STOPSIGNAL SIGTERM
CMD ["node", "src/main.ts"]
