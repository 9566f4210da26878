// Reads a byte stream with the production parsers the way a connection does, in pieces of any size, and keeps
// what it read as owned values. The bytes are copied to a new place before each call, so that a view kept too
// long is found by AddressSanitizer and a resumed scan cannot lean on an address.
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/http/message.hpp"
#include "proto/http1/parser.hpp"

namespace ringside::test {

struct ReadMessage {
  std::string method, target, authority;  // requests
  int status = 0;                         // replies
  std::vector<std::pair<std::string, std::string>> fields;
  http::Framing framing;
  bool keep_alive = true;
  bool expect_continue = false, takes_trailers = false;
  std::string upgrade{};
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;
  friend bool operator==(const ReadMessage&, const ReadMessage&) = default;
};

struct ReadStream {
  std::vector<ReadMessage> messages;  // whole ones
  std::vector<std::size_t> ends;      // where each of them ends
  int refused = 0;
  std::string reason;
  bool unfinished = false;   // the bytes end inside a message
  std::size_t consumed = 0;  // by whole messages
  friend bool operator==(const ReadStream&, const ReadStream&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const ReadStream& read) {
  for (const auto& m : read.messages) {
    out << m.method << ' ' << m.target << " @" << m.authority << ' ' << m.status << " kind "
        << static_cast<int>(m.framing.kind) << " body of " << m.body.size() << "; ";
  }
  return out << "refused " << read.refused << " (" << read.reason << "), unfinished " << read.unfinished
             << ", consumed " << read.consumed;
}

template <class Head>
ReadMessage keep(const Head& head) {
  ReadMessage message;
  for (const auto& field : head.fields) message.fields.emplace_back(field.name, field.value);
  message.framing = head.framing;
  message.keep_alive = head.keep_alive;
  if constexpr (std::is_same_v<Head, http::RequestHead>) {
    message.method = head.method;
    message.target = head.target;
    message.authority = head.authority;
    message.expect_continue = head.expect_continue;
    message.upgrade = head.upgrade;
    message.takes_trailers = head.takes_trailers;
  } else {
    message.status = head.status;
  }
  return message;
}

// `Parse` takes the bytes of a head and gives the parser's step; requests are read on and on, replies until
// the final.
template <class Head, class Parse>
class StreamReader {
 public:
  StreamReader(Parse parse, const http1::Limits& limits) : parse_(std::move(parse)), limits_(limits) {}

  void feed(std::string_view bytes) {
    pending_.append(bytes);
    while (read_.refused == 0 && !done_ && step()) {
    }
  }

  ReadStream end() {
    if (read_.refused == 0 && in_body_ && body_.at_eof()) finish();
    read_.unfinished = read_.refused == 0 && !done_ && (in_body_ || !pending_.empty());
    return read_;
  }

 private:
  bool step() {
    const std::string bytes(pending_);  // a new place each time
    return in_body_ ? body_step(bytes) : head_step(bytes);
  }

  bool head_step(const std::string& bytes) {
    const auto step = parse_(bytes);
    if (const auto* refusal = std::get_if<http1::Refusal>(&step)) return refuse(*refusal);
    const auto* complete = std::get_if<http1::Complete<Head>>(&step);
    if (complete == nullptr) return false;
    message_ = keep(*complete->head);
    body_ = http1::BodyReader(message_.framing, limits_);
    in_body_ = true;
    take(complete->length);
    if (body_.finished()) finish();
    return true;
  }

  bool body_step(const std::string& bytes) {
    const auto step = body_.next(bytes);
    if (const auto* refusal = std::get_if<http1::Refusal>(&step)) return refuse(*refusal);
    const auto& piece = std::get<http1::BodyReader::Piece>(step);
    message_.body.append(piece.data);
    take(piece.consumed);
    if (piece.finished) finish();
    return piece.consumed > 0;
  }

  bool refuse(const http1::Refusal& refusal) {
    read_.refused = refusal.status;
    read_.reason = refusal.reason;
    return false;
  }

  void take(std::size_t count) {
    pending_.erase(0, count);
    taken_ += count;
  }

  void finish() {
    in_body_ = false;
    done_ = message_.status >= 200;
    for (const auto& field : body_.trailers()) message_.trailers.emplace_back(field.name, field.value);
    read_.consumed = taken_;
    read_.ends.push_back(taken_);
    read_.messages.push_back(std::exchange(message_, {}));
  }

  Parse parse_;
  http1::Limits limits_;
  std::string pending_;
  std::size_t taken_ = 0;
  http1::BodyReader body_;
  ReadMessage message_;
  ReadStream read_;
  bool in_body_ = false;
  bool done_ = false;
};

inline auto request_reader_within(const http1::Limits& limits) {
  auto parse = [parser = http1::RequestParser(limits)](std::string_view bytes) mutable {
    return parser.next(bytes);
  };
  return StreamReader<http::RequestHead, decltype(parse)>(std::move(parse), limits);
}

inline auto request_reader() {
  return request_reader_within({});
}

inline auto response_reader(bool to_head, const http1::Limits& limits = {}) {
  auto parse = [parser = http1::ResponseParser(limits), to_head](std::string_view bytes) mutable {
    return parser.next(bytes, to_head);
  };
  return StreamReader<http::ResponseHead, decltype(parse)>(std::move(parse), limits);
}

// The whole at once, and cut into pieces of `size` bytes after a first one of `first`.
template <class Reader>
ReadStream read(Reader reader, std::string_view bytes, std::size_t first, std::size_t size) {
  reader.feed(bytes.substr(0, first));
  for (std::size_t at = first; at < bytes.size(); at += size) reader.feed(bytes.substr(at, size));
  return reader.end();
}

inline ReadStream read_requests(std::string_view bytes) {
  return read(request_reader(), bytes, bytes.size(), 1);
}

}  // namespace ringside::test
