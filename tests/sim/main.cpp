// ringside_sim: the swarm of simulated clusters (daemon/sim/chaos.hpp), one seed after the other. Stops at
// the first seed that violates something and prints the command that plays it again. The same options print
// the same lines, whichever compiler built it. Clusters with settings of one's own: ringside simulate.
//
//   ringside_sim --seed 1 --count 200
//   ringside_sim --seed 17 --trace
//   ringside_sim --regressions tests/sim/regressions.txt
//   ringside_sim --lossy-hours 1     32 nodes at 5 % loss for so long, and not one false alarm
#include <boost/program_options.hpp>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/sim/chaos.hpp"
#include "daemon/sim/cluster.hpp"
#include "daemon/sim/invariants.hpp"
#include "daemon/sim/world.hpp"

namespace {

using namespace ringside;

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t count = 1;
  std::uint64_t twice_every = 0;
  std::int64_t lossy_hours = 0;
  std::string regressions;
  bool trace = false;
};

struct Totals {
  std::uint64_t events = 0;
  Duration simulated{}, slowest_heal{};
};

std::int64_t seconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

void print_faults(const sim::ChaosResult& result) {
  for (const std::string& fault : result.faults) std::cout << "  " << fault << "\n";
}

// Whether all was well.
bool run_seed(std::uint64_t seed, const Options& options, Totals& totals) {
  std::function<void(const std::string&)> trace;
  if (options.trace) trace = [](const std::string& line) { std::cout << line << "\n"; };
  auto result = sim::run_chaos(seed, trace);
  if (options.twice_every > 0 && seed % options.twice_every == 0 &&
      sim::run_chaos(seed, {}).trace_hash != result.trace_hash)
    result.violations.emplace_back("a second run of the same seed was another one");
  totals.events += result.events;
  totals.simulated += result.simulated;
  totals.slowest_heal = std::max(totals.slowest_heal, result.healed_after);
  if (options.count == 1) {
    print_faults(result);
    std::cout << "healed after " << seconds(result.healed_after) << " s, trace hash " << std::hex
              << result.trace_hash << std::dec << "\n";
  }
  if (result.violations.empty()) return true;
  std::cout << "seed " << seed << "\n";
  if (options.count != 1) print_faults(result);
  for (const std::string& violation : result.violations) std::cout << "VIOLATED: " << violation << "\n";
  std::cout << "again: scripts/dev sim --seed " << seed << " --trace" << std::endl;
  return false;
}

int run(const Options& options) {
  Totals totals;
  std::uint64_t done = 0;
  for (; done < options.count; ++done) {
    if (!run_seed(options.seed + done, options, totals)) return 1;
    if (options.count >= 100 && (done + 1) % (options.count / 10) == 0)
      std::cout << done + 1 << " seeds" << std::endl;
  }
  std::cout << done << " seeds from " << options.seed << ": 0 violations; " << seconds(totals.simulated)
            << " simulated s, " << totals.events << " events, slowest healing "
            << seconds(totals.slowest_heal) << " s" << std::endl;
  return 0;
}

// Seeds that found something once, a line each: the seed, then what. '#' begins a comment.
std::vector<std::uint64_t> seeds_of(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file);
  std::vector<std::uint64_t> seeds;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::uint64_t seed = 0;
    if (!(std::istringstream(line) >> seed))
      throw std::runtime_error(file + ": a line begins with a seed, not '" + line + "'");
    seeds.push_back(seed);
  }
  if (seeds.empty()) throw std::runtime_error(file + " has no seed");
  return seeds;
}

int run_regressions(Options options) {
  Totals totals;
  const auto seeds = seeds_of(options.regressions);
  options.count = seeds.size();
  for (const std::uint64_t seed : seeds) {
    if (!run_seed(seed, options, totals)) return 1;
  }
  std::cout << seeds.size() << " seeds that found something once: 0 violations" << std::endl;
  return 0;
}

// In runs of an hour, each with a seed of its own.
int run_lossy(const Options& options) {
  constexpr std::size_t nodes = 32;
  std::size_t suspicions = 0, alarms = 0;
  for (std::int64_t hour = 0; hour < options.lossy_hours; ++hour) {
    sim::World world(options.seed + static_cast<std::uint64_t>(hour));
    sim::Invariants invariants(world);
    sim::start_cluster(world, nodes);
    world.network().set_loss_per_mille(50);
    world.run_for(std::chrono::hours(1));
    suspicions += invariants.wrongly_suspect();
    alarms += invariants.wrongly_faulty();
    if (alarms > 0) std::cout << "seed " << options.seed + static_cast<std::uint64_t>(hour) << "\n";
    if ((hour + 1) % 100 == 0) std::cout << hour + 1 << " hours" << std::endl;
  }
  std::cout << options.lossy_hours << " simulated hours of " << nodes << " nodes at 5 % loss: " << suspicions
            << " suspicions seen, " << alarms << " false alarms\n";
  return alarms == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  Options options;
  po::options_description table("ringside_sim");
  table.add_options()("help", "this text")("seed", po::value(&options.seed), "the first one (1)")(
      "count", po::value(&options.count), "how many (1)")("twice-every", po::value(&options.twice_every),
                                                          "run every N-th seed twice and compare (0: none)")(
      "lossy-hours", po::value(&options.lossy_hours), "instead: look for false alarms at 5 % loss")(
      "regressions", po::value(&options.regressions), "instead: the seeds of this file")(
      "trace", po::bool_switch(&options.trace), "one line per message and notice");
  try {
    po::variables_map given;
    po::store(po::parse_command_line(argc, argv, table), given);
    po::notify(given);
    if (given.count("help") > 0) {
      std::cout << table;
      return 0;
    }
    if (!options.regressions.empty()) return run_regressions(options);
    return options.lossy_hours > 0 ? run_lossy(options) : run(options);
  } catch (const std::exception& error) {
    std::cerr << "ringside_sim: " << error.what() << "\n";
    return 2;
  }
}
