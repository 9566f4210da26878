// Carries out what the API was told to do to the cluster: evict, reap, heal, join, and asks all members for
// their checksums, or for the owner of a key. What Ringpop's tools may do too is Admin's work. An order that
// takes a while is answered when it is done. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/api/api.hpp"
#include "daemon/api/cluster_orders.hpp"
#include "daemon/control/admin.hpp"
#include "daemon/net/resolve.hpp"
#include "daemon/net/tchannel_peers.hpp"

namespace ringside::control {

class Orders {
 public:
  using Answer = std::function<void(api::Response)>;
  struct Host {
    Admin& admin;
    net::TchannelPeers& peers;
    std::function<api::ViewPtr()> view;  // of this moment
  };
  Orders(boost::asio::io_context&, Host);

  // Not for the kinds that drain and leave, nor for those about configuration and keys.
  void run(const api::Order&, Answer);

 private:
  struct Asking;
  void heal(Answer);
  void join(const std::vector<std::string>& peers, Answer);
  void join_found(const net::Resolved&, const Answer&);
  using TakeAnswer = std::function<void(std::size_t other, const std::string& body)>;
  void ask_for_checksums(const Answer&);
  void ask_for_owners(const std::string& key, const Answer&);
  // Asks all other members that are there, in the view's order, as Ringpop's tools ask; in the end `done`.
  void ask_others(const api::View&, std::string endpoint, std::string question, TakeAnswer,
                  std::function<void()> done);
  void ask_next(const std::shared_ptr<Asking>&);

  Host host_;
  net::SeedResolver resolver_;
  bool resolving_ = false;
};

}  // namespace ringside::control
