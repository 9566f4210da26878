#include "proto/http1/writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace ringside::http1 {
namespace {

void append_number(std::string& out, std::uint64_t number, int base = 10) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// Field lines gathered on the stack: a string that grows by four pieces a line spends more on growing than on
// copying.
class FieldLines {
 public:
  explicit FieldLines(std::string& out) : out_(out) {}
  ~FieldLines() { out_.append(lines_.data(), size_); }
  FieldLines(const FieldLines&) = delete;
  FieldLines& operator=(const FieldLines&) = delete;

  void add(std::string_view name, std::string_view value) {
    const std::size_t length = name.size() + value.size() + 4;
    if (length > lines_.size() - size_) {
      out_.append(lines_.data(), std::exchange(size_, 0));
      if (length > lines_.size()) return append_field(out_, name, value);
    }
    char* to = std::copy_n(name.data(), name.size(), lines_.data() + size_);
    *to++ = ':';
    *to++ = ' ';
    to = std::copy_n(value.data(), value.size(), to);
    *to++ = '\r';
    *to++ = '\n';
    size_ += length;
  }

 private:
  std::string& out_;
  std::array<char, 1024> lines_;
  std::size_t size_ = 0;
};

void append_length(std::string& out, std::uint64_t length) {
  out.append("Content-Length: ");
  append_number(out, length);
  out.append("\r\n");
}

void append_chunked(std::string& out) {
  out.append("Transfer-Encoding: chunked\r\n");
}

void append_upgrade(std::string& out, std::string_view protocol) {
  append_field(out, "Connection", "upgrade");
  append_field(out, "Upgrade", protocol);
}

void append_fields(std::string& out, const std::vector<http::Field>& fields) {
  FieldLines lines(out);
  for (const http::Field& field : fields) lines.add(field.name, field.value);
}

// RFC 9110 8.6: these methods give content a meaning, so its absence is said.
bool says_empty(std::string_view method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

void write(std::string& out, const http::RequestHead& head) {
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  append_field(out, "Host", head.authority);  // empty if need be: RFC 9112 3.2
  append_fields(out, head.fields);
  switch (head.framing.kind) {
    case http::BodyKind::none:
    case http::BodyKind::until_close:  // no request is framed so
      if (says_empty(head.method)) append_length(out, 0);
      break;
    case http::BodyKind::length: append_length(out, head.framing.length); break;
    case http::BodyKind::chunked: append_chunked(out); break;
  }
  if (!head.upgrade.empty()) {
    append_upgrade(out, head.upgrade);
  } else if (!head.keep_alive) {
    append_field(out, "Connection", "close");
  }
  out.append("\r\n");
}

void write(std::string& out, const http::ResponseHead& head, bool to_http10) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(head.status));
  out.append(" ").append(head.reason.empty() ? reason_phrase(head.status) : head.reason).append("\r\n");
  append_fields(out, head.fields);
  if (head.status < 200) {  // interim: no framing, and the connection's end is not its matter
    if (!head.upgrade.empty()) append_upgrade(out, head.upgrade);
    out.append("\r\n");
    return;
  }
  bool until_close = false;
  switch (head.framing.kind) {
    case http::BodyKind::none:
      if (head.status == 204 || head.status == 304 || head.framing.length == http::length_unknown) break;
      append_length(out, head.framing.length);
      break;
    case http::BodyKind::length: append_length(out, head.framing.length); break;
    case http::BodyKind::chunked:
      if (to_http10) {
        until_close = true;
      } else {
        append_chunked(out);
      }
      break;
    case http::BodyKind::until_close: until_close = true; break;
  }
  if (!head.keep_alive || until_close) {
    append_field(out, "Connection", "close");
  } else if (to_http10) {
    append_field(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
}

void write_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  append_number(out, data.size(), 16);
  out.append("\r\n").append(data).append("\r\n");
}

void write_last_chunk(std::string& out, const http::Trailers& trailers) {
  out.append("0\r\n");
  append_fields(out, trailers);
  out.append("\r\n");
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 508: return "Loop Detected";
    default: return "";
  }
}

}  // namespace ringside::http1
