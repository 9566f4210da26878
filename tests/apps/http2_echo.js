'use strict';
// An app that speaks HTTP/2 without TLS: says what reached it. usage: node http2_echo.js NAME PORT
const crypto = require('crypto');
const http2 = require('http2');

const [name, port] = process.argv.slice(2);
http2.createServer((request, response) => {
  const digest = crypto.createHash('sha256');
  let size = 0;
  request.on('data', (piece) => { size += piece.length; digest.update(piece); });
  request.on('end', () => {
    const said = {app: name, method: request.method, path: request.url, headers: Object.entries(request.headers),
                  size, sha256: digest.digest('hex')};
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(said));
  });
}).listen(Number(port), '127.0.0.1');
