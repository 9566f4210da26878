// Where StatsD's datagrams go: a UDP socket, or a file with one line for each. Both never wait: what the
// kernel does not take at once is lost, as StatsD means it, and the caller counts it.
//
// A datagram holds one stat. Several to a datagram would spare system calls, but servers from before 2012 and
// some relays take only the first line of one, both Ringpops send one each, and at a few dozen a second there
// is nothing to spare. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"
#include "daemon/base/time.hpp"

namespace ringside::obs {

class StatsdSink {
 public:
  StatsdSink() = default;  // until it is given a target everything is lost
  ~StatsdSink();
  StatsdSink(const StatsdSink&) = delete;
  StatsdSink& operator=(const StatsdSink&) = delete;

  // Lines "<ISO time>: <datagram>" go to the end of the file. The error is why the file cannot be written.
  [[nodiscard]] Result<void, std::string> write_to_file(const std::string& path);
  // A literal ip:port, in place of the one before.
  [[nodiscard]] Result<void, std::string> send_to(const Address& server);

  [[nodiscard]] bool take(WallTime, std::string_view datagram);  // false: it is lost

 private:
  enum class Kind : std::uint8_t { none, file, udp };
  [[nodiscard]] bool append(WallTime, std::string_view datagram);
  void close();

  Kind kind_ = Kind::none;
  int fd_ = -1;
  std::vector<unsigned char> server_;  // a sockaddr
  std::uint64_t file_bytes_ = 0;
  bool torn_ = false;  // the last line did not fit whole
};

}  // namespace ringside::obs
