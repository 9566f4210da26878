// One end of a TChannel connection as a test plays it, frame by frame: a client, an app, a member.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/tchannel/call_frames.hpp"
#include "proto/tchannel/message.hpp"
#include "tests/unit/worker/host.hpp"

namespace ringside::test {

using tchannel::FrameType;

inline std::span<const std::uint8_t> octets(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

struct Frame {
  FrameType type = FrameType::claim;  // when the connection has ended
  std::uint32_t id = 0;
  std::string bytes;  // header included
  [[nodiscard]] std::span<const std::uint8_t> payload() const {
    return octets(bytes).subspan(tchannel::header_bytes);
  }
  [[nodiscard]] bool ended() const { return bytes.empty(); }
};

// A whole answer, or the error instead of it.
struct Answer {
  std::optional<tchannel::CallResponse> response;
  std::optional<tchannel::Error> error;
};

class TchannelEnd {
 public:
  explicit TchannelEnd(Peer& peer) : peer_(peer) {}

  void say_init(FrameType type, std::uint32_t id, tchannel::Headers more = {}) {
    tchannel::Init init;
    init.headers = {{"host_port", "0.0.0.0:0"}, {"process_name", "test"}};
    init.headers.insert(init.headers.end(), more.begin(), more.end());
    std::string out;
    tchannel::write_init(out, type, id, init);
    peer_.send(out);
  }
  // Returns the other side's init.
  tchannel::Init greet(tchannel::Headers more = {}) {
    say_init(FrameType::init_req, 1, std::move(more));
    return *tchannel::parse_init(read().payload());
  }
  tchannel::Init be_greeted() {
    const Frame frame = read();
    if (frame.ended()) return {};
    say_init(FrameType::init_res, frame.id);
    return *tchannel::parse_init(frame.payload());
  }

  Frame read() {
    std::string head = peer_.read_bytes(tchannel::header_bytes);
    if (head.size() < tchannel::header_bytes) return {};
    Frame frame;
    frame.bytes = head + peer_.read_bytes(tchannel::frame_size(head) - tchannel::header_bytes);
    const auto view = std::get<tchannel::FrameView>(tchannel::next_frame(octets(frame.bytes)));
    frame.type = view.type;
    frame.id = view.id;
    return frame;
  }
  template <class Message>
  void send(std::uint32_t id, const Message& message) {
    std::string out;
    tchannel::write(out, id, message);
    peer_.send(out);
  }
  void send(std::string_view bytes) { peer_.send(bytes); }

  // The next whole request; nothing when the connection has ended.
  std::optional<std::pair<std::uint32_t, tchannel::CallRequest>> read_call() {
    for (;;) {
      const Frame frame = read();
      if (frame.ended()) return std::nullopt;
      if (frame.type != FrameType::call_req && frame.type != FrameType::call_req_continue) continue;
      auto result = assembler_.take({frame.type, frame.id, frame.payload(), frame.bytes.size()});
      if (auto* whole = std::get_if<1>(&result)) return std::move(*whole);
    }
  }
  // The whole answer to that call; what comes for others meanwhile is kept.
  Answer read_answer(std::uint32_t id) {
    while (!answers_.contains(id)) {
      const Frame frame = read();
      if (frame.ended()) return {};
      if (frame.type == FrameType::error) {
        answers_[frame.id].error = *tchannel::parse_error(frame.payload());
      } else if (frame.type == FrameType::call_res || frame.type == FrameType::call_res_continue) {
        auto result = assembler_.take({frame.type, frame.id, frame.payload(), frame.bytes.size()});
        if (auto* whole = std::get_if<2>(&result)) answers_[whole->first].response = std::move(whole->second);
      }
    }
    return std::move(answers_.extract(id).mapped());
  }
  [[nodiscard]] Peer& peer() { return peer_; }

 private:
  Peer& peer_;
  tchannel::Assembler assembler_{{.message_bytes = 64 * 1024 * 1024, .held_bytes = 64 * 1024 * 1024}};
  std::map<std::uint32_t, Answer> answers_;
};

// A client on its own connection, greeted already.
class TchannelClient : private Peer, public TchannelEnd {
 public:
  explicit TchannelClient(std::uint16_t port, tchannel::Headers more = {})
      : Peer(Peer::connect(port)), TchannelEnd(static_cast<Peer&>(*this)) {
    init = greet(std::move(more));
  }
  using TchannelEnd::read;
  using TchannelEnd::send;
  Answer ask(std::uint32_t id, const tchannel::CallRequest& call) {
    send(id, call);
    return read_answer(id);
  }
  tchannel::Init init;
};

inline tchannel::CallRequest call_for(std::optional<std::string> key, std::string arg3 = "body") {
  tchannel::CallRequest call;
  call.ttl_ms = 5000;
  call.tracing = {.span = 11, .parent = 12, .trace = 13, .flags = 1};
  call.service = "cart";
  call.headers = {{"as", "raw"}, {"cn", "test"}};
  if (key) call.headers.emplace_back("sk", *key);
  call.arg1 = "put";
  call.arg2 = "h";
  call.arg3 = std::move(arg3);
  return call;
}

inline tchannel::CallResponse said(std::string arg3, std::uint8_t code = 0) {
  tchannel::CallResponse response;
  response.code = code;
  response.headers = {{"as", "raw"}};
  response.arg3 = std::move(arg3);
  return response;
}

// Answers every call with what `reply` makes of it.
using Reply = std::function<tchannel::CallResponse(const tchannel::CallRequest&)>;
inline ScriptedApp::Script serving(Reply reply) {
  return [reply = std::move(reply)](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    while (const auto call = end.read_call()) end.send(call->first, reply(call->second));
  };
}
// "name:arg3", `as` and tracing taken over.
inline ScriptedApp::Script echoing(std::string name) {
  return serving([name = std::move(name)](const tchannel::CallRequest& call) {
    tchannel::CallResponse response;
    response.tracing = call.tracing;
    response.headers = {{"as", std::string(tchannel::find(call.headers, "as"))}};
    response.arg2 = call.arg2;
    response.arg3 = name + ":" + call.arg3;
    return response;
  });
}

}  // namespace ringside::test
