// A stateful app in plain Node: counts requests per key in memory. It knows nothing of clusters or rings.
// usage: node app.js NAME PORT
'use strict';
const http = require('node:http');

const [name, port] = process.argv.slice(2);
const counts = new Map();

http.createServer((request, response) => {
  request.resume().on('end', () => {
    let body;
    if (request.url === '/stats') {
      body = { name, keys: Object.fromEntries(counts) };
    } else {
      const key = request.headers['ringside-key'] ?? '';
      counts.set(key, (counts.get(key) ?? 0) + 1);
      body = { app: name, language: 'Node', key, count: counts.get(key) };
    }
    const data = JSON.stringify(body);
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(data) });
    response.end(data);
  });
}).listen(Number(port), '127.0.0.1');
