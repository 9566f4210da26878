// Telling HTTP/2 from TChannel by the first bytes, however they are cut.
#include "daemon/control/peer_port.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/control/control_support.hpp"

namespace ringside::control::test {
namespace {

using net::test::RawPeer;

const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Port {
  explicit Port(std::size_t undecided_max = 100, Duration silence = 5s)
      : listening(*net::ListeningSocket::open(Address{"127.0.0.1", 0, {}}, "test")) {
    port.emplace(io, listening, undecided_max, silence,
                 PeerPort::Events{.tchannel = [this](net::Socket, std::string bytes,
                                                     std::string) { tchannel.push_back(std::move(bytes)); },
                                  .http2 =
                                      [this](int fd, std::string bytes, std::string remote) {
                                        fds.push_back(fd);
                                        http2.push_back(std::move(bytes));
                                        remotes.push_back(std::move(remote));
                                      },
                                  .tls =
                                      [this](int fd, std::string bytes, std::string) {
                                        fds.push_back(fd);
                                        tls.push_back(std::move(bytes));
                                      },
                                  .turned_away = [this](PeerPort::TurnedAway why,
                                                        const std::string&) { turned_away.push_back(why); }});
  }
  ~Port() {
    for (const int fd : fds) ::close(fd);
  }
  boost::asio::io_context io{1};
  net::ListeningSocket listening;
  std::vector<std::string> tchannel, http2, tls, remotes;
  std::vector<int> fds;
  std::vector<PeerPort::TurnedAway> turned_away;
  std::optional<PeerPort> port;
};

TEST_CASE(
    "bytes are HTTP/2 with the whole preface, TChannel when they differ from it, and undecided before") {
  for (std::size_t size = 0; size < preface.size(); ++size) {
    CHECK(tell_protocol(preface.substr(0, size)) == PeerProtocol::undecided);
    std::string other = preface.substr(0, size) + static_cast<char>(preface[size] ^ 1);
    CHECK(tell_protocol(other + "x") ==
          PeerProtocol::tchannel);  // two bytes say that it is too long for an init
  }
  CHECK(tell_protocol(preface) == PeerProtocol::http2);
  CHECK(tell_protocol(preface + "more") == PeerProtocol::http2);
  CHECK(tell_protocol("POST / HTTP/1.1") == PeerProtocol::tchannel);
}

TEST_CASE("TChannel is for the control thread, or for a worker when its init tells the hop") {
  const auto init = [](tchannel::Headers more, tchannel::FrameType type = tchannel::FrameType::init_req) {
    tchannel::Init said;
    said.headers = {{"host_port", "0.0.0.0:0"}, {"process_name", "test"}};
    said.headers.insert(said.headers.end(), more.begin(), more.end());
    std::string bytes;
    tchannel::write_init(bytes, type, 1, said);
    return bytes;
  };
  const std::string plain = init({}), hop = init({{"ringside_hop", "2"}});
  for (const auto& bytes : {plain, hop})
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK(tell_protocol(bytes.substr(0, size)) == PeerProtocol::undecided);
  CHECK(tell_protocol(plain) == PeerProtocol::tchannel);
  CHECK(tell_protocol(hop) == PeerProtocol::calls);
  CHECK(tell_protocol(hop + "more") == PeerProtocol::calls);
  // What is wrong the control thread complains of.
  for (const char* bad : {"0", "-1", "9", "x", ""})
    CHECK(tell_protocol(init({{"ringside_hop", bad}})) == PeerProtocol::tchannel);
  CHECK(tell_protocol(init({{"ringside_hop", "2"}}, tchannel::FrameType::init_res)) ==
        PeerProtocol::tchannel);
  CHECK(tell_protocol(std::string("\0\1", 2)) == PeerProtocol::tchannel);
}

TEST_CASE("a connection with HTTP/2's preface is handed over with all bytes read, cut at any byte") {
  Port port;
  const std::string sent = preface + "settings";
  for (std::size_t cut = 1; cut <= sent.size(); ++cut) {
    const auto before = port.http2.size();
    RawPeer peer(port.io, port.listening.address().to_string());
    peer.send(std::string_view(sent).substr(0, cut));
    port.io.restart();
    port.io.poll();
    CHECK((port.http2.size() > before) == (cut >= preface.size()));
    peer.send(std::string_view(sent).substr(cut));
    REQUIRE(run_until(port.io, [&] { return port.http2.size() > before; }));
    // What was not read yet is still in the socket; together it is all there.
    std::string got = port.http2.back();
    char rest[64];
    const auto more = ::recv(port.fds.back(), rest, sizeof rest, MSG_DONTWAIT);
    if (more > 0) got.append(rest, static_cast<std::size_t>(more));
    CHECK(got == sent);
    CHECK(port.remotes.back() == "127.0.0.1");
    // Ours to use: the peer hears what is written to the descriptor.
    REQUIRE(::send(port.fds.back(), "\0\x10\xd0\0\0\0\0\1\0\0\0\0\0\0\0\0", 16, MSG_NOSIGNAL) == 16);
    REQUIRE(peer.wait_frames(1));
  }
  CHECK(port.tchannel.empty());
}

TEST_CASE("TLS is known by its first byte, and goes to the workers only where there is a key for it") {
  const std::string hello = "\x16\x03\x01\x02\x00 and so on";
  CHECK(tell_protocol(hello.substr(0, 1)) == PeerProtocol::tls);
  Port port;
  RawPeer refused(port.io, port.listening.address().to_string());
  refused.send(hello);
  CHECK(refused.wait_closed());
  CHECK(port.turned_away == std::vector{PeerPort::TurnedAway::tls});
  port.port->take(true, true);
  RawPeer taken(port.io, port.listening.address().to_string());
  taken.send(hello);
  REQUIRE(run_until(port.io, [&] { return port.tls.size() == 1; }));
  CHECK(port.tls[0] == hello);
}

TEST_CASE("where only TLS is spoken a plain peer is told so, and its bytes go nowhere") {
  Port port;
  port.port->take(false, true);
  for (const std::string& first : {std::string(1, '\0'), std::string("P"), preface}) {
    RawPeer plain(port.io, port.listening.address().to_string());
    plain.send(first);
    CHECK(plain.wait_frames(1));
    CHECK(plain.wait_closed());
  }
  CHECK(port.turned_away == std::vector(3, PeerPort::TurnedAway::plain));
  CHECK(port.tchannel.empty());
  CHECK(port.http2.empty());
}

TEST_CASE("a connection that says nothing, or not enough, is closed when its time is over") {
  Port port(100, 100ms);
  RawPeer silent(port.io, port.listening.address().to_string());
  RawPeer slow(port.io, port.listening.address().to_string());
  slow.send("PRI");
  CHECK(silent.wait_closed());
  CHECK(slow.wait_closed());
  CHECK(port.turned_away == std::vector(2, PeerPort::TurnedAway::silent));
  CHECK(port.tchannel.empty());
  CHECK(port.http2.empty());
}

TEST_CASE("for a connection over the cap the one that was silent for longest is closed") {
  Port port(2);
  const std::string address = port.listening.address().to_string();
  RawPeer first(port.io, address);
  RawPeer second(port.io, address);
  RawPeer third(port.io, address);
  CHECK(first.wait_closed());
  CHECK(port.turned_away == std::vector{PeerPort::TurnedAway::too_many});
  CHECK(!second.closed());
  for (RawPeer* peer : {&third, &second}) peer->send("xx");
  CHECK(run_until(port.io, [&] { return port.tchannel.size() == 2; }));
}

TEST_CASE("the control plane hands HTTP/2 on and keeps TChannel") {
  boost::asio::io_context io{1};
  TestNode node(io, quick_config("solo"));
  node.plane->start();
  RawPeer http2(io, node.address);
  http2.send(preface);
  REQUIRE(run_until(io, [&] { return node.handovers.size() == 1; }));
  CHECK(node.handovers[0].bytes == preface);
  ::close(node.handovers[0].fd);
  RawPeer tchannel(io, node.address);
  tchannel.send_init();
  CHECK(tchannel.wait_frames(1));
  CHECK(node.handovers.size() == 1);
}

}  // namespace
}  // namespace ringside::control::test
