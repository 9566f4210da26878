// HTTP/1 judged by a stranger: what our reader accepts, and what our writer makes of it, is shown to a second
// reader. Of the input it may refuse what we take, and read nothing behind a message that ends its
// connection; but it must see no message end at another place or hold something else. Of what we write it
// must find everything where we put it.
//
// Flags: 1 (replies) the request was HEAD; 2 (replies) written for an HTTP/1.0 client.
#include <algorithm>
#include <array>

#include "proto/http1/writer.hpp"
#include "tests/fuzz/second_reader.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/unit/proto/http1/exchange_reader.hpp"

namespace ringside::fuzz {
namespace {

using http::BodyKind;
using test::ReadMessage;

// The methods that it reads as any other. It has a closed list, and rules of its own for some of it.
constexpr std::array<std::string_view, 6> plain_methods{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};

// What the writer adds to the fields that it is given.
bool is_added(std::string_view name, Kind kind) {
  if (http::equals_ignore_case(name, "host")) return kind == Kind::request;
  return std::ranges::any_of(
      std::array<std::string_view, 4>{"content-length", "transfer-encoding", "connection", "upgrade"},
      [name](auto known) { return http::equals_ignore_case(name, known); });
}

std::vector<http::Field> views(const Pairs& lines) {
  std::vector<http::Field> fields;
  for (const auto& [name, value] : lines) fields.push_back({name, value});
  return fields;
}

// In the same order, with others between them: we drop some.
bool holds(const Pairs& all, const Pairs& some) {
  auto at = all.begin();
  for (const auto& line : some) {
    at = std::find(at, all.end(), line);
    if (at == all.end()) return false;
    ++at;
  }
  return true;
}

void check_framing(const ReadMessage& ours, const SecondMessage& theirs) {
  require(theirs.chunked == (ours.framing.kind == BodyKind::chunked), "only one reader finds chunks");
  if (ours.framing.kind == BodyKind::length)
    require(theirs.length == ours.framing.length, "the announced length differs");
  require(theirs.body == ours.body, "the body differs");
}

// RFC 9112 6.3: the head is all there is, whatever it announces. The second reader waits for the body.
bool has_no_body(const ReadMessage& message, Kind kind) {
  return kind != Kind::request &&
         (message.status / 100 == 1 || message.status == 204 || message.status == 304);
}

// What we took, as it came.
void check_read(std::string_view bytes, const test::ReadStream& ours, Kind kind, bool eof) {
  const auto theirs = read_by_second(bytes.substr(0, ours.consumed), kind, eof);
  for (std::size_t i = 0; i < std::min(theirs.messages.size(), ours.messages.size()); ++i) {
    const auto& other = theirs.messages[i];
    if (has_no_body(ours.messages[i], kind) && (other.chunked || other.length > 0)) return;
  }
  require(theirs.messages.size() <= ours.messages.size(), "the second reader finds more messages");
  const auto count = theirs.messages.size();
  const bool waits =
      theirs.unfinished && count < ours.messages.size() && has_no_body(ours.messages[count], kind);
  const bool stops = waits || !theirs.refused.empty() || (count > 0 && !ours.messages[count - 1].keep_alive);
  require(count == ours.messages.size() || stops, "the second reader finds fewer messages");
  for (std::size_t i = 0; i < theirs.messages.size(); ++i) {
    const auto& mine = ours.messages[i];
    const auto& other = theirs.messages[i];
    require_same(ours.ends[i], other.end, "a message ends elsewhere");
    require(other.method == mine.method && other.status == mine.status, "the first line differs");
    if (other.target.starts_with('/')) require(other.target == mine.target, "the target differs");
    require(holds(other.fields, mine.fields), "a field of ours is none of theirs");
    require(holds(other.trailers, mine.trailers), "a trailer of ours is none of theirs");
    if (kind == Kind::request || mine.framing.kind != BodyKind::none) check_framing(mine, other);
  }
}

// One message that we wrote; gives what the second reader makes of it.
SecondMessage check_written(const std::string& bytes, const ReadMessage& ours,
                            const std::vector<http::Field>& fields, Kind kind) {
  const auto theirs = read_by_second(bytes, kind, true);
  require(theirs.messages.size() == 1,
          "what is written is not one message: " + theirs.refused + "\n" + bytes);
  const auto& other = theirs.messages.front();
  require(other.end == bytes.size(), "what is written ends too early\n" + bytes);
  require(other.status == ours.status, "the status is written differently\n" + bytes);
  Pairs plain;
  for (const auto& line : other.fields)
    if (!is_added(line.first, kind)) plain.push_back(line);
  require(views(plain) == fields, "the fields are written differently\n" + bytes);
  require(other.body == ours.body, "the body is written differently\n" + bytes);
  if (other.chunked)
    require(other.trailers == ours.trailers, "the trailers are written differently\n" + bytes);
  return other;
}

void write_body(std::string& out, const Input& input, const ReadMessage& message, bool chunked) {
  if (!chunked) {
    out += message.body;
    return;
  }
  input.for_each_piece(message.body, [&](std::string_view piece) { http1::write_chunk(out, piece); });
  http1::write_last_chunk(out, views(message.trailers));
}

void check_request(const Input& input, const ReadMessage& message) {
  http::RequestHead head;
  const bool plain = std::ranges::find(plain_methods, message.method) != plain_methods.end();
  head.method = plain ? std::string_view(message.method) : "POST";
  head.target = message.target;
  head.authority = message.authority;
  head.fields = views(message.fields);
  http::remove_hop_by_hop(head.fields);
  head.framing = message.framing;
  head.keep_alive = message.keep_alive;
  head.upgrade = message.upgrade;
  std::string out;
  http1::write(out, head);
  write_body(out, input, message, head.framing.kind == BodyKind::chunked);
  const auto theirs = check_written(out, message, head.fields, Kind::request);
  require(theirs.method == head.method && theirs.target == head.target,
          "the request line is written differently\n" + out);
  require(theirs.fields.front() == std::pair(std::string("Host"), message.authority),
          "Host is written differently\n" + out);
}

void check_reply(const Input& input, const ReadMessage& message, Kind kind) {
  http::ResponseHead head;
  head.status = message.status;
  head.fields = views(message.fields);
  http::remove_hop_by_hop(head.fields);
  head.framing = message.framing;
  head.keep_alive = message.keep_alive;
  head.upgrade = message.upgrade;
  const bool to_http10 = input.flag(2);
  std::string out;
  http1::write(out, head, to_http10);
  write_body(out, input, message, head.framing.kind == BodyKind::chunked && !to_http10);
  check_written(out, message, head.fields, kind);
}

}  // namespace

void http1_agree_request(const Input& input) {
  auto reader = test::request_reader();
  reader.feed(input.payload());
  const auto read = reader.end();
  check_read(input.payload(), read, Kind::request, false);
  for (const auto& message : read.messages) check_request(input, message);
}

void http1_agree_response(const Input& input) {
  const Kind kind = input.flag(1) ? Kind::reply_to_head : Kind::reply;
  auto reader = test::response_reader(input.flag(1));
  reader.feed(input.payload());
  const auto read = reader.end();
  check_read(input.payload(), read, kind, true);
  for (const auto& message : read.messages) check_reply(input, message, kind);
}

}  // namespace ringside::fuzz
