'use strict';
// The same functions as WebAssembly, under the name that ringpop and tchannel ask for.
module.exports = require('farmhash-modern');
