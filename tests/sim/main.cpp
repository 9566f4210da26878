// ringside_sim: a simulated cluster from the command line. Starts N nodes cold, waits until they agree, kills
// K of them, waits until the rest agree again, runs on for S simulated seconds and prints the trace hash. The
// same options print the same lines, whichever compiler built it.
//
//   ringside_sim --nodes 30 --loss 5% --kill 2 --seconds 60 --seed 7 [--trace]
#include <boost/program_options.hpp>
#include <cstdint>
#include <iostream>
#include <string>

#include "daemon/sim/cluster.hpp"
#include "daemon/sim/invariants.hpp"
#include "daemon/sim/world.hpp"

namespace {

using namespace ringside;
using namespace std::chrono_literals;

struct Options {
  std::size_t nodes = 30;
  std::string loss = "0%";
  std::size_t kill = 0;
  int seconds = 30;
  std::uint64_t seed = 1;
  bool trace = false;
};

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

bool settle(sim::World& world, const char* what) {
  const Duration begin = world.elapsed();
  const bool agreed = world.run_until([&] { return world.converged(); }, 120s);
  std::cout << what << ": " << world.running().size() << " nodes " << (agreed ? "agree" : "do not agree")
            << " after " << seconds(world.elapsed() - begin) << " s (" << world.events()
            << " events so far)\n";
  return agreed;
}

int run(const Options& options) {
  sim::World world(options.seed);
  sim::Invariants invariants(world);
  if (options.trace) world.trace_line = [](const std::string& line) { std::cout << line << "\n"; };
  world.network().set_loss_per_mille(static_cast<std::uint32_t>(std::stod(options.loss) * 10));

  const auto hosts = sim::start_cluster(world, options.nodes);
  bool good = settle(world, "cold start");
  for (std::size_t i = 0; i < options.kill && i + 1 < hosts.size(); ++i)
    world.kill(hosts[hosts.size() - 1 - i]);
  if (options.kill > 0) good = settle(world, "after the kill") && good;
  world.run_for(std::chrono::seconds(options.seconds));

  invariants.compare_views();
  for (const std::string& violation : invariants.violations()) std::cout << "VIOLATED: " << violation << "\n";
  std::cout << "live nodes called suspect " << invariants.wrongly_suspect() << " times, faulty "
            << invariants.wrongly_faulty() << " times\n"
            << "seed " << options.seed << ", " << seconds(world.elapsed()) << " simulated s, "
            << world.events() << " events, trace hash " << std::hex << world.trace_hash() << std::dec << "\n";
  return good && invariants.violations().empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  Options options;
  po::options_description table("ringside_sim");
  table.add_options()("help", "this text")("nodes", po::value(&options.nodes), "how many (30)")(
      "loss", po::value(&options.loss), "of all messages, e.g. 5%")(
      "kill", po::value(&options.kill), "how many, once all agree")("seconds", po::value(&options.seconds),
                                                                    "simulated time to run on (30)")(
      "seed", po::value(&options.seed), "of everything random (1)")("trace", po::bool_switch(&options.trace),
                                                                    "one line per message and notice");
  try {
    po::variables_map given;
    po::store(po::parse_command_line(argc, argv, table), given);
    po::notify(given);
    if (given.count("help") > 0) {
      std::cout << table;
      return 0;
    }
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "ringside_sim: " << error.what() << "\n";
    return 2;
  }
}
