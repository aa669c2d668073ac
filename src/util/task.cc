#include "util/task.h"

#include <stdexcept>

#include <boost/system/system_error.hpp>

#include "util/log.h"

namespace eai {

std::string bug_of(const std::exception_ptr& thrown) {
  if (!thrown) return {};
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::system::errc::operation_canceled) return {};
    return error.what();
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

void Unawaited::operator()(const std::exception_ptr& thrown) const {
  const std::string bug = bug_of(thrown);
  if (bug.empty()) return;
  const std::string message = std::string(work_) + " failed: " + bug;
  log::error("{}", message);
  throw std::runtime_error(message);
}

}  // namespace eai
