// Writing HTTP/1.1: heads are made anew from the parsed form, never copied (one space after the colon, CRLF,
// one canonical framing field). All append to the caller's buffer.
#pragma once

#include <string>
#include <string_view>

#include "proto/http/message.hpp"

namespace ringside::http1 {

// Writes exactly the fields given, behind Host; framing decides Content-Length or Transfer-Encoding,
// keep_alive decides whether "Connection: close" is written, upgrade whether "Connection: upgrade" and the
// protocol. Fields of that meaning must not be in head.fields.
void write(std::string& out, const http::RequestHead& head);
// `to_http10`: the reply to an HTTP/1.0 client (never chunked). A status without a body (1xx, 204, 304) gets
// no framing.
void write(std::string& out, const http::ResponseHead& head, bool to_http10 = false);

void write_chunk(std::string& out, std::string_view data);  // nothing for empty data: that would end the body
void write_last_chunk(std::string& out, const http::Trailers& trailers = {});

[[nodiscard]] std::string_view reason_phrase(int status) noexcept;  // "" when unknown

}  // namespace ringside::http1
