#include "daemon/control/orders.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::control {
namespace {

using api::Code;

api::Response refusal(Code code, std::string detail) {
  return api::render({.code = code, .detail = std::move(detail)});
}

// Why a heal could not be begun (swim::Node::heal).
api::Response not_begun(const std::string& error) {
  return refusal(error == "not joined yet" ? Code::not_joined : Code::conflict, error);
}

}  // namespace

Orders::Orders(boost::asio::io_context& io, Host host)
    : host_(std::move(host)), resolver_(io, limits::seed_look_up_time) {}

void Orders::run(const api::Order& order, Answer answer) {
  switch (order.kind) {
    case api::Order::Kind::evict:
      host_.admin.evict(order.member);
      return answer(api::evicted_answer(order.member));
    case api::Order::Kind::reap: return answer(api::reaped_answer(host_.admin.reap()));
    case api::Order::Kind::heal: return heal(std::move(answer));
    case api::Order::Kind::join: return join(order.peers, std::move(answer));
    case api::Order::Kind::partitions: return ask_members(answer);
    case api::Order::Kind::drain:
    case api::Order::Kind::cancel_drain:
    case api::Order::Kind::leave:
    case api::Order::Kind::reload:
    case api::Order::Kind::log_level:
    case api::Order::Kind::keyring:
    case api::Order::Kind::self:
    case api::Order::Kind::app:
    case api::Order::Kind::no_app:
    case api::Order::Kind::fault:
    case api::Order::Kind::no_fault: return;  // the control plane's own
  }
}

void Orders::heal(Answer answer) {
  host_.admin.heal([answer = std::move(answer)](const swim::Done& done) {
    answer(done.error.empty() ? api::healed_answer(done.targets) : not_begun(done.error));
  });
}

void Orders::join(const std::vector<std::string>& peers, Answer answer) {
  if (std::exchange(resolving_, true))
    return answer(refusal(Code::overloaded, "another join is under way on this node"));
  resolver_.resolve(peers, [this, answer = std::move(answer)](const net::Resolved& resolved) {
    resolving_ = false;
    join_found(resolved, answer);
  });
}

// To join those whose cluster is another one is what a heal does with the seeds.
void Orders::join_found(const net::Resolved& resolved, const Answer& answer) {
  host_.admin.heal_with(resolved.addresses, [this, resolved, answer](const swim::Done& done) {
    if (!done.error.empty()) return answer(not_begun(done.error));
    const auto view = host_.view();
    std::vector<api::JoinedPeer> peers;
    for (const std::string& address : resolved.addresses) {
      const bool known = std::ranges::any_of(view->members, [&](const api::MemberView& member) {
        return member.address == address && (member.status == ringpop::Status::alive ||
                                             api::shown_status(member) == ringpop::Status::alive);
      });
      const bool reached = known || std::ranges::find(done.targets, address) != done.targets.end();
      peers.push_back({address, reached ? "" : "it did not answer a join; the log of both has why"});
    }
    for (const auto& [seed, why] : resolved.failures) peers.push_back({seed, why});
    answer(api::joined_answer(peers));
  });
}

// --- partitions

struct Orders::Asking {
  std::vector<api::AskedMember> members;
  std::size_t asked = 0, answered = 0;  // of them, in their order
  Answer answer;
};

void Orders::ask_members(const Answer& answer) {
  const auto view = host_.view();
  auto asking = std::make_shared<Asking>();
  asking->answer = answer;
  asking->members.push_back({view->name, view->address, view->membership_checksum});
  for (const auto& member : view->members)
    if (!member.self &&
        (member.status == ringpop::Status::alive || member.status == ringpop::Status::suspect ||
         api::shown_status(member) == ringpop::Status::alive))
      asking->members.push_back({member.name, member.address, {}});
  asking->asked = asking->answered = 1;
  if (asking->members.size() == 1) return answer(api::partitions_answer(asking->members));
  for (std::size_t i = 0; i < limits::partition_asks; ++i) ask_next(asking);
}

void Orders::ask_next(const std::shared_ptr<Asking>& asking) {
  if (asking->asked == asking->members.size()) return;
  const std::size_t index = asking->asked++;
  tchannel::CallRequest request;
  request.service = std::string(ringpop::service);
  request.headers = {{"as", "json"}, {"cn", "ringside"}};
  request.arg1 = "/admin/stats";
  request.arg2 = "{}";
  host_.peers.call(asking->members[index].address, std::move(request),
                   Clock::now() + limits::partition_ask_time,
                   [this, asking, index](const net::CallResult& result) {
                     if (result) asking->members[index].checksum = api::membership_checksum_in(result->arg3);
                     if (++asking->answered == asking->members.size())
                       return asking->answer(api::partitions_answer(asking->members));
                     ask_next(asking);
                   });
}

}  // namespace ringside::control
