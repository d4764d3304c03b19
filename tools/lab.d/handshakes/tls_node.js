// SPDX-License-Identifier: BSD-3-Clause
// Node's own https server: tls_node.js LIST
'use strict';

const fs = require('fs');
const https = require('https');

for (const row of JSON.parse(fs.readFileSync(process.argv[2]))) {
    const options = {...row.says, cert: fs.readFileSync(row.cert), key: fs.readFileSync(row.key)};
    if (options.requestCert)
        options.requestCert = true;
    const server = https.createServer(options, (request, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end('<title>Lab</title>\n');
    });
    server.on('tlsClientError', () => {});
    server.listen(row.port, row.ip);
}
