// HTTP/2 for tests of the data plane: a client on a blocking socket, an app that follows a script, and what
// it says frame by frame.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/proto/http2/frames.hpp"
#include "tests/unit/proto/http2/wire.hpp"
#include "tests/unit/worker/host.hpp"

namespace ringside::test {

// A GET over HTTP/2; get() alone would be an HTTP/1 text.
inline http::RequestHead asking(std::string_view target, std::vector<http::Field> fields = {}) {
  http::RequestHead head = post(target);
  head.method = "GET";
  head.framing = {};
  head.fields = std::move(fields);
  return head;
}

class Http2Client {
 public:
  explicit Http2Client(std::uint16_t port) : peer_(Peer::connect(port)) {}

  http2::StreamId ask(const http::RequestHead& head, std::string_view body = {}, bool whole = true) {
    const bool end = body.empty() && whole;
    const auto id = side.session.submit_request(head, end);
    if (!id) throw std::runtime_error("the connection takes no more requests");
    if (!end) side.session.send_data(*id, body, whole);
    flush();
    return *id;
  }
  void flush() {
    std::string out;
    side.session.take_output(out);
    peer_.send(out);
  }
  // False: the connection ended before it was so.
  template <class Done>
  bool until(Done done) {
    flush();
    while (!done()) {
      const std::string bytes = peer_.read_some();
      if (bytes.empty() || !side.session.receive(bytes)) return done();
      flush();
    }
    return true;
  }
  const Seen& answer(http2::StreamId id) {
    until([&] { return side.streams[id].closed > 0; });
    return side.streams[id];
  }
  const Seen& get(std::string_view target, std::vector<http::Field> fields = {}) {
    return answer(ask(asking(target, std::move(fields))));
  }
  [[nodiscard]] bool ended() { return peer_.read_some().empty(); }

  Side side{http2::Role::client};

 private:
  Peer peer_;
};

// An app that speaks HTTP/2: after whatever has come, `act` looks at what each stream has said so far.
inline ScriptedApp::Script http2_app(std::function<void(Side&, int connection)> act) {
  return [act = std::move(act)](Peer& peer, int connection) {
    Side side(http2::Role::server);
    for (;;) {
      const std::string bytes = peer.read_some();
      if (bytes.empty() || !side.session.receive(bytes)) return;
      act(side, connection);
      std::string out;
      side.session.take_output(out);
      peer.send(out);
      if (side.session.finished()) return;
    }
  };
}

// One that answers each whole request once.
inline ScriptedApp::Script http2_answering(std::function<void(Side&, http2::StreamId, const Seen&)> answer) {
  return [answer = std::move(answer)](Peer& peer, int connection) {
    std::set<http2::StreamId> answered;
    http2_app([&](Side& side, int) {
      for (auto& [id, seen] : side.streams)
        if (seen.ended && seen.closed == 0 && answered.insert(id).second) answer(side, id, seen);
    })(peer, connection);
  };
}

inline http::RequestHead grpc_call(std::string_view path, std::vector<http::Field> fields) {
  auto head = test::post(path);
  head.fields = {{"content-type", "application/grpc"}};
  head.takes_trailers = true;
  head.fields.insert(head.fields.end(), fields.begin(), fields.end());
  return head;
}

// What a peer said in frames of its own, up to the answer to our ping or the end of the connection. That
// answer overtakes all others: a second one comes behind them.
struct Answered {
  int goaway = -1;  // the code
  int reset = -1;   // the code
  bool head = false;
  bool pong = false;
};
inline Answered read_frames(Peer& peer) {
  Answered answered;
  for (int pings = 1;;) {
    const std::string head = peer.read_bytes(9);
    if (head.size() < 9) return answered;
    const auto byte = [](const std::string& text, std::size_t at) {
      return static_cast<int>(static_cast<unsigned char>(text[at]));
    };
    const auto length = static_cast<std::size_t>(byte(head, 0) << 16 | byte(head, 1) << 8 | byte(head, 2));
    const std::string payload = peer.read_bytes(length);
    if (payload.size() < length) return answered;
    switch (static_cast<Frame>(byte(head, 3))) {
      case Frame::headers: answered.head = true; break;
      case Frame::rst_stream: answered.reset = byte(payload, 3); break;
      case Frame::goaway: answered.goaway = byte(payload, 7); break;
      case Frame::ping:
        if ((byte(head, 4) & 1) == 0) break;
        answered.pong = pings == 2;
        if (pings++ == 2) return answered;
        peer.send(frame(Frame::ping, 0, 0, "87654321"));
        break;
      case Frame::data:
      case Frame::priority:
      case Frame::settings:
      case Frame::push_promise:
      case Frame::window_update:
      case Frame::continuation:
      case Frame::unknown: break;
    }
  }
}

}  // namespace ringside::test
