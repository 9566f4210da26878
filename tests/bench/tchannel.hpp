// What the two TChannel programs of the benchmark share: one end of a connection, frames in and frames out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "proto/tchannel/call_frames.hpp"
#include "proto/tchannel/message.hpp"
#include "tests/bench/socket.hpp"

namespace bench {

namespace tchannel = ringside::tchannel;

struct TchannelEnd {
  int fd = -1;
  std::string input, output;

  void say_init(tchannel::FrameType type, std::uint32_t id) {
    const tchannel::Init init{tchannel::protocol_version,
                              {{"host_port", "0.0.0.0:0"}, {"process_name", "bench"}}};
    tchannel::write_init(output, type, id, init);
  }

  // Reads what has come and hands over each whole frame; what that puts into `output` goes out in one write.
  // False: the connection is over.
  template <class OnFrame>
  bool turn(OnFrame on_frame) {
    static std::array<char, 65536> chunk;
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) return false;
    input.append(chunk.data(), static_cast<std::size_t>(got));
    std::size_t done = 0;
    for (;;) {
      const auto step = tchannel::next_frame(
          {reinterpret_cast<const std::uint8_t*>(input.data()) + done, input.size() - done});
      if (std::holds_alternative<tchannel::NeedMore>(step)) break;
      const auto* frame = std::get_if<tchannel::FrameView>(&step);
      if (frame == nullptr) die("bytes that are no frame");
      on_frame(*frame);
      done += frame->size;
    }
    input.erase(0, done);
    return send();
  }

  bool send() {
    const bool sent = output.empty() || write_all(fd, output);
    output.clear();
    return sent;
  }
};

}  // namespace bench
