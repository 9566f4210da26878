'use strict';
// node's own fetch against an app that says what reached it (apps/echo.py): 300 requests in turn, then 1,000 with 64 under
// way, with and without bodies. usage: node fetch.js URL; prints {"answered": N, "wrong": [...]}
const crypto = require('crypto');

const url = process.argv[2];
const wrong = [];
let answered = 0;

async function ask(number) {
  const body = number % 3 === 0 ? undefined : crypto.randomBytes(number % 7 === 0 ? 300_000 : number * 11);
  const method = body ? 'POST' : 'GET';
  const answer = await fetch(`${url}/${number}`, {method, body});
  const said = await answer.json();
  const sum = crypto.createHash('sha256').update(body || '').digest('hex');
  const path = `/echo/${number}`;
  answered++;
  if (answer.status !== 200 || said.method !== method || said.path !== path || said.sha256 !== sum) {
    wrong.push({number, status: answer.status, method: said.method, path: said.path, size: said.size});
  }
}

async function main() {
  for (let number = 0; number < 300; number++) await ask(number);
  let next = 300;
  const one = async () => {
    while (next < 1300) await ask(next++);
  };
  await Promise.all(Array.from({length: 64}, one));
  console.log(JSON.stringify({answered, wrong: wrong.slice(0, 10)}));
}

main();
