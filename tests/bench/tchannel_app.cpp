// The TChannel app behind every candidate of the TChannel benchmark: answers each call with its own name, as
// fast as one thread can. usage: bench_tchannel_app PORT NAME
#include <array>
#include <memory>
#include <string>

#include "tests/bench/tchannel.hpp"

namespace {

using bench::TchannelEnd;
using bench::tchannel::FrameType;
using bench::tchannel::FrameView;

std::string make_answer(const std::string& name) {
  bench::tchannel::CallResponse response;
  response.headers = {{"as", "raw"}};
  response.arg3 = name;
  std::string frame;
  bench::tchannel::write(frame, 1, response);
  return frame;
}

bool serve(TchannelEnd& connection, std::string_view answer) {
  return connection.turn([&](const FrameView& frame) {
    if (frame.type == FrameType::init_req) return connection.say_init(FrameType::init_res, frame.id);
    if (frame.type != FrameType::call_req && frame.type != FrameType::call_req_continue) return;
    const auto more = bench::tchannel::parse_more(frame.payload);
    if (more && !*more) bench::tchannel::write_with_id(connection.output, answer, frame.id);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string answer = make_answer(argv[2]);
  const int listener = bench::listen_on(bench::port_of(argv[1]));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  bench::watch(epoll, listener, nullptr);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<TchannelEnd*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (connection == nullptr) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        bench::prepare(fd);
        bench::watch(epoll, fd, std::make_unique<TchannelEnd>(TchannelEnd{fd, {}, {}}).release());
      } else if (!serve(*connection, answer)) {
        close(connection->fd);
        delete connection;
      }
    }
  }
}
