// HTTP/2: what a peer sends, at a server and at a client with requests under way. What the owner of the
// session is told and what goes back must not depend on the cut; every head that gets through must also be
// one in HTTP/1, where it goes on to; no stream ends twice, and nothing comes of it behind its end.
//
// Flags: 0 the payload is raw; else it is frames as [type, flags, stream, length, that many bytes], which get
// their 9-byte headers, a preface and SETTINGS here, so that a mutation breaks a frame and not its
// neighbours; 1 small limits; 2 the owner answers at once, else when the stream has ended; 3 it reads
// nothing, so that windows stay shut.
#include <map>
#include <set>
#include <vector>

#include "proto/http2/session.hpp"
#include "tests/fuzz/carried.hpp"
#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {
namespace {

using http2::Code;
using http2::Role;
using http2::StreamId;

class Owner : public http2::Events {
 public:
  Owner(Role role, const Input& input, bool answers)
      : role_(role), input_(input), answers_(answers), session(role, settings_of(input), *this) {}

  static http2::Settings settings_of(const Input& input) {
    http2::Settings settings;
    if (!input.flag(1)) return settings;
    settings.streams_max = 2;
    settings.stream_window = 20;
    settings.head_bytes_max = 200;
    settings.fields_max = 6;
    settings.trailer_bytes_max = 60;
    return settings;
  }

  void on_request(StreamId id, const http::RequestHead& head, bool end) override {
    require(role_ == Role::server && streams_.find(id) == streams_.end(), "a stream begins twice");
    check_carried(head);
    note(id) << head.method << ' ' << head.target << ' ' << head.authority << ' ' << end;
    keep(head.fields, head.framing);
    streams_[id] = end ? State::ended : State::open;
    if (input_.flag(2) || end) answer(id);
  }
  void on_response(StreamId id, const http::ResponseHead& head, bool end) override {
    require(role_ == Role::client, "a server gets no replies");
    live(id);
    require(!finals_[id], "a second final head");
    check_carried(head);
    finals_[id] = head.status >= 200;
    note(id) << head.status << ' ' << end;
    keep(head.fields, head.framing);
    if (end) ended(id);
  }
  void on_data(StreamId id, std::string_view data) override {
    live(id);
    bodies_[id].append(data);
    if (answers_ && !input_.flag(3)) session.consume(id, data.size());
  }
  void on_end(StreamId id, const http::Trailers& trailers) override {
    live(id);
    check_carried(trailers);
    ended(id);
    note(id) << "end";
    keep(trailers, {});
    if (!input_.flag(2)) answer(id);
  }
  void on_close(StreamId id, Code code, bool unprocessed) override {
    const auto it = streams_.find(id);
    require(it != streams_.end() && it->second != State::closed,
            "a stream ends twice, or one that was never told of");
    require(!unprocessed || !finals_[id], "a stream was answered and yet unprocessed");
    it->second = State::closed;
    note(id) << "closed " << static_cast<unsigned>(code) << ' ' << unprocessed;
  }
  void on_writable(StreamId id) override { require(streams_.contains(id), "writable, and never told of"); }
  void on_goaway() override { note(0) << "goaway"; }

  void ask() {
    http::RequestHead head;
    head.authority = "a";
    head.target = "/";
    for (const auto* method : {"GET", "HEAD", "POST", "PUT"}) {
      head.method = method;
      const bool body = head.method.size() != 3 && head.method != "HEAD";
      head.framing.kind = body ? http::BodyKind::chunked : http::BodyKind::none;
      const auto id = session.submit_request(head, !body);
      if (!id) return;
      streams_[*id] = State::open;
      if (body) session.send_data(*id, "question", false);
    }
  }

  // What was told, in order.
  [[nodiscard]] std::string told() const { return log_.str(); }
  // The whole ones. How much came of one that broke off depends on the cut.
  [[nodiscard]] std::map<StreamId, std::string> bodies() const {
    std::map<StreamId, std::string> whole;
    for (const auto& [id, body] : bodies_)
      if (whole_.contains(id)) whole.emplace(id, body);
    return whole;
  }

 private:
  enum class State : std::uint8_t { open, ended, closed };

  std::ostream& note(StreamId id) { return log_ << '\n' << id << ' '; }
  void keep(const std::vector<http::Field>& fields, http::Framing framing) {
    for (const auto& field : fields) log_ << '|' << field.name << '=' << field.value;
    log_ << '#' << static_cast<int>(framing.kind) << ' ' << framing.length;
  }
  void live(StreamId id) {
    const auto it = streams_.find(id);
    require(it != streams_.end(), "news of a stream that was never told of");
    require(it->second == State::open, "news of a stream behind its end");
  }
  void ended(StreamId id) {
    streams_[id] = State::ended;
    whole_.insert(id);
  }

  void answer(StreamId id) {
    if (!answers_ || role_ != Role::server) return;
    http::ResponseHead head;
    head.status = 200;
    head.framing.kind = http::BodyKind::chunked;
    session.submit_continue(id);
    session.submit_response(id, head, false);
    session.send_data(id, std::string(300, 'r'), false);
    if (id % 4 == 3) return session.reset(id, Code::cancel);
    session.send_end(id, {{"x", "y"}});
  }

  Role role_;
  const Input& input_;
  bool answers_;
  std::map<StreamId, State> streams_;
  std::map<StreamId, std::string> bodies_;
  std::map<StreamId, bool> finals_;
  std::set<StreamId> whole_;
  std::ostringstream log_;

 public:
  http2::Session session;  // last: it tells nobody when it goes
};

// [type, flags, stream, length, payload] made into frames.
std::string frames_of(std::string_view packed) {
  std::string bytes;
  while (packed.size() >= 4) {
    const auto length = std::min<std::size_t>(static_cast<unsigned char>(packed[3]), packed.size() - 4);
    bytes += {'\0', '\0', static_cast<char>(length), packed[0], packed[1], '\0', '\0', '\0', packed[2]};
    bytes += packed.substr(4, length);
    packed.remove_prefix(4 + length);
  }
  return bytes;
}

std::string wire_bytes(const Input& input, Role role) {
  if (input.flag(0)) return std::string(input.payload());
  constexpr std::string_view settings("\0\0\0\x04\0\0\0\0\0", 9);
  std::string bytes(role == Role::server ? http2::client_preface : "");
  bytes += settings;
  return bytes + frames_of(input.payload());
}

struct Outcome {
  bool alive = true, failed = false, finished = false;
  std::string told, sent;
  std::map<StreamId, std::string> bodies{};
  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Outcome& o) {
    constexpr std::string_view digits = "0123456789abcdef";
    out << "alive " << o.alive << ", failed " << o.failed << ", finished " << o.finished << ", sent ";
    for (const char c : o.sent) out << digits[static_cast<unsigned char>(c) >> 4] << digits[c & 0xf];
    out << ", told " << o.told;
    for (const auto& [id, body] : o.bodies) out << "\nbody " << id << ' ' << body;
    return out;
  }
};

// Only listens: what it says is taken at the end.
template <class Feed>
Outcome listen(const Input& input, Role role, Feed feed) {
  Owner owner(role, input, false);
  Outcome outcome;
  if (role == Role::client) {
    owner.ask();
    owner.session.take_output(outcome.sent);
  }
  feed([&](std::string_view piece) {
    const std::string copy(piece);
    const bool now = owner.session.receive(copy);
    require(outcome.alive || !now, "a connection that was given up lives again");
    outcome.alive = now;
  });
  owner.session.take_output(outcome.sent, 1 << 24);
  outcome.told = owner.told();
  outcome.bodies = owner.bodies();
  outcome.failed = owner.session.failed();
  outcome.finished = owner.session.finished();
  return outcome;
}

// Answers between the pieces, as an owner does whose loop turns.
void converse(const Input& input, Role role, std::string_view bytes) {
  Owner owner(role, input, true);
  if (role == Role::client) owner.ask();
  std::string out;
  bool alive = true;
  input.for_each_piece(bytes, [&](std::string_view piece) {
    const std::string copy(piece);
    alive = owner.session.receive(copy) && alive;
    owner.session.take_output(out, 100 + input.flags());
  });
  owner.session.take_output(out, 1 << 24);
  require(alive || owner.session.failed(), "given up, and not failed");
}

void session(const Input& input, Role role) {
  const auto bytes = wire_bytes(input, role);
  const auto whole = listen(input, role, [&](auto feed) { feed(bytes); });
  const auto pieces = listen(input, role, [&](auto feed) { input.for_each_piece(bytes, feed); });
  require_same(whole, pieces, "the cut changes what an HTTP/2 session does");
  converse(input, role, bytes);
}

}  // namespace

void http2_server(const Input& input) {
  session(input, Role::server);
}

void http2_client(const Input& input) {
  session(input, Role::client);
}

}  // namespace ringside::fuzz
