# A real ringpop-node with an HTTP app in it, as the interop tests run it.
FROM node:20-slim
WORKDIR /ringpop
COPY tests/interop/npm ./
RUN npm ci --ignore-scripts --omit=optional --no-audit --no-fund
USER node
ENTRYPOINT ["node", "--no-warnings", "app.js"]
