// Two HTTP/2 sessions back to back. Each side records what it is told; the bytes between them can be cut into
// pieces of any size, held back, or spoiled.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "proto/http2/session.hpp"

namespace ringside::test {

// What one side was told of one stream.
struct Seen {
  std::string method, target, authority;
  int status = 0;
  std::vector<int> interim;
  http::Framing framing;
  std::map<std::string, std::string> fields;
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;
  bool ended = false;
  int closed = 0;  // times
  http2::Code code{};
  bool unprocessed = false;
};

class Side : public http2::Events {
 public:
  explicit Side(http2::Role role, const http2::Settings& settings = {}) : session(role, settings, *this) {}

  void on_request(http2::StreamId id, const http::RequestHead& head, bool end) override {
    Seen& seen = streams[id];
    seen.method = head.method;
    seen.target = head.target;
    seen.authority = head.authority;
    keep(seen, head.fields, head.framing, end);
    order.push_back(id);
    if (when_request) when_request(id);
  }
  void on_response(http2::StreamId id, const http::ResponseHead& head, bool end) override {
    Seen& seen = streams[id];
    if (head.status < 200) {
      seen.interim.push_back(head.status);
      return;
    }
    seen.status = head.status;
    keep(seen, head.fields, head.framing, end);
  }
  void on_data(http2::StreamId id, std::string_view data) override {
    streams[id].body.append(data);
    if (consume) session.consume(id, data.size());
  }
  void on_end(http2::StreamId id, const http::Trailers& trailers) override {
    Seen& seen = streams[id];
    seen.ended = true;
    for (const auto& field : trailers) seen.trailers.emplace_back(field.name, field.value);
  }
  void on_close(http2::StreamId id, http2::Code code, bool unprocessed) override {
    Seen& seen = streams[id];
    ++seen.closed;
    seen.code = code;
    seen.unprocessed = unprocessed;
  }
  void on_writable(http2::StreamId id) override { writable.push_back(id); }
  void on_goaway() override { goaway = true; }

  std::map<http2::StreamId, Seen> streams;
  std::vector<http2::StreamId> order, writable;
  std::function<void(http2::StreamId)> when_request;
  bool consume = true;
  bool goaway = false;
  bool alive = true;
  http2::Session session;

 private:
  static void keep(Seen& seen, const std::vector<http::Field>& fields, http::Framing framing, bool end) {
    for (const auto& field : fields) seen.fields.emplace(field.name, field.value);
    seen.framing = framing;
    seen.ended = end;
  }
};

// Moves what `from` has to say to `to`, in pieces of at most `piece` bytes. Returns the number of bytes
// moved.
inline std::size_t carry(Side& from, Side& to, std::size_t piece = 1 << 20) {
  std::string bytes;
  from.session.take_output(bytes);
  for (std::size_t at = 0; at < bytes.size() && to.alive; at += piece) {
    to.alive = to.session.receive(std::string(std::string_view(bytes).substr(at, piece)));
  }
  return bytes.size();
}

// Until both have nothing more to say.
inline void settle(Side& a, Side& b, std::size_t piece = 1 << 20) {
  while (carry(a, b, piece) + carry(b, a, piece) > 0) {
  }
}

inline http::RequestHead get(std::string_view target) {
  http::RequestHead head;
  head.method = "GET";
  head.target = target;
  head.authority = "a";
  return head;
}

inline http::RequestHead post(std::string_view target) {
  http::RequestHead head = get(target);
  head.method = "POST";
  head.framing.kind = http::BodyKind::chunked;
  return head;
}

inline http::ResponseHead reply(int status, http::Framing framing = {}) {
  http::ResponseHead head;
  head.status = status;
  head.framing = framing;
  return head;
}

}  // namespace ringside::test
