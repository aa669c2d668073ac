// `eai model remove`
#include <algorithm>

#include <boost/json.hpp>

#include "cli/resolve.h"
#include "cli/running.h"
#include "util/text.h"

namespace eai::cli {
namespace {

Result<void> check_not_served(const Context& context, const Asked& asked) {
  if (context.config.remove.force) return {};
  EAI_TRY(auto server, running_server(context.folders));
  if (!server) return {};
  const auto& served = server->models;
  if (std::find(served.begin(), served.end(), asked.id.str()) == served.end()) return {};
  return fail(Code::busy, asked.label + " is served by the running server; `eai model stop` first, or use --force");
}

std::uint64_t size_of(const Library& library, const ipld::Cid& id) {
  std::uint64_t size = 0;
  if (const store::Model* model = library.stored(id)) size = model->size();
  for (const store::Unfinished& entry : library.contents.unfinished) {
    if (entry.id == id) size += entry.bytes;
  }
  return size;
}

}  // namespace

Result<int> model_remove(Context& context) {
  EAI_TRY(Library library, Library::open(context));
  EAI_TRY(std::vector<Asked> asked, resolve_all(library, context.words));
  if (asked.empty()) return fail(Code::invalid, "say which model to remove; `eai model list` shows what is here");
  library.store.sweep();
  // All are looked at before the first is removed.
  for (const Asked& one : asked) EAI_CHECK(check_not_served(context, one));
  for (const Asked& one : asked) {
    auto removed = [&]() -> Result<void> {
      EAI_TRY(store::ModelLock lock, library.store.lock(one.id, FileLock::Wait::no));
      return library.store.remove(std::move(lock));
    }();
    if (!removed && removed.error().code == Code::not_found) {
      return fail(Code::not_found, one.label + " is not here; `eai model list` shows what is");
    }
    EAI_CHECK(std::move(removed));
    std::uint64_t size = size_of(library, one.id);
    context.out.event(
        boost::json::object{{"event", "removed"}, {"hash", one.id.str()}, {"name", one.label}, {"bytes", size}});
    context.out.line("removed " + one.label + " (" + human_bytes(size) + ")");
  }
  return 0;
}

}  // namespace eai::cli
