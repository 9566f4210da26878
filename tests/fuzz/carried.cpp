#include "tests/fuzz/carried.hpp"

#include "proto/http1/parser.hpp"
#include "proto/http1/writer.hpp"
#include "tests/fuzz/input.hpp"

namespace ringside::fuzz {
namespace {

// Room for whatever comes through: here it counts that the message is one, not its size.
http1::Limits wide() {
  http1::Limits limits;
  limits.request_line = limits.field_line = limits.head = limits.trailer = 1 << 20;
  limits.fields = limits.trailer_fields = 1000;
  limits.method = 1 << 20;
  return limits;
}

template <class Head>
void check_same_fields(const Head& sent, const Head& read) {
  require(read.fields == sent.fields, "the head reads differently behind HTTP/1: fields");
  require(read.framing.length == sent.framing.length, "the head reads differently behind HTTP/1: length");
}

}  // namespace

void check_carried(http::RequestHead head) {
  http::remove_hop_by_hop(head.fields);
  if (head.authority.empty()) head.authority = "a";
  std::string bytes;
  http1::write(bytes, head);
  http1::RequestParser parser(wide());
  const auto step = parser.next(bytes);
  const auto* read = std::get_if<http1::Complete<http::RequestHead>>(&step);
  require(read != nullptr, "a request is let through that is none in HTTP/1:\n" + bytes);
  require(read->length == bytes.size(), "a request is two in HTTP/1:\n" + bytes);
  require(read->head->method == head.method && read->head->target == head.target &&
              read->head->authority == head.authority,
          "the head reads differently behind HTTP/1: request line\n" + bytes);
  auto copy = *read->head;
  http::remove_hop_by_hop(copy.fields);
  check_same_fields(head, copy);
}

void check_carried(http::ResponseHead head) {
  http::remove_hop_by_hop(head.fields);
  if (head.framing.kind == http::BodyKind::none || head.status == 204 || head.status == 304 ||
      head.status < 200)
    head.framing = {};
  std::string bytes;
  http1::write(bytes, head);
  http1::ResponseParser parser(wide());
  const auto step = parser.next(bytes, false);
  const auto* read = std::get_if<http1::Complete<http::ResponseHead>>(&step);
  require(read != nullptr, "a reply is let through that is none in HTTP/1:\n" + bytes);
  require(read->length == bytes.size(), "a reply is two in HTTP/1:\n" + bytes);
  auto copy = *read->head;
  require(copy.status == head.status, "the head reads differently behind HTTP/1: status");
  http::remove_hop_by_hop(copy.fields);
  check_same_fields(head, copy);
}

void check_carried(const http::Trailers& trailers) {
  std::string bytes;
  http1::write_last_chunk(bytes, trailers);
  http1::BodyReader reader({http::BodyKind::chunked, 0}, wide());
  const auto step = reader.next(bytes);
  const auto* piece = std::get_if<http1::BodyReader::Piece>(&step);
  require(piece != nullptr && piece->finished && piece->consumed == bytes.size(),
          "trailers are let through that are none in HTTP/1:\n" + bytes);
  require(reader.trailers() == trailers, "trailers read differently behind HTTP/1:\n" + bytes);
}

}  // namespace ringside::fuzz
