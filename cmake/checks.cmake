# The tests besides the unit tests: lint.* reads the sources, e2e.* drives the built program with real engines and
# clients.
find_package(Python3 COMPONENTS Interpreter REQUIRED)

foreach(name rooms sentences co_await hygiene shape prose)
  add_test(NAME lint.${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/lint/${name}.py)
  set_tests_properties(lint.${name} PROPERTIES TIMEOUT 120 LABELS lint WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()
# The files that changed most come first, and after three minutes no further one is begun. `make lint` reads all files.
add_test(NAME lint.tidy COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/lint/tidy.py
  --build ${CMAKE_BINARY_DIR} --seconds 180)
set_tests_properties(lint.tidy PROPERTIES TIMEOUT 900 LABELS lint WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
foreach(name shellcheck format)
  add_test(NAME lint.${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/lint/${name}.sh)
  set_tests_properties(lint.${name} PROPERTIES TIMEOUT 120 LABELS lint WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()

# The page has types and tests of its own.
add_test(NAME unit.web COMMAND ${CMAKE_SOURCE_DIR}/setup/web.sh test)
set_tests_properties(unit.web PROPERTIES TIMEOUT 300 LABELS unit WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})

# The end to end tests can drive the program of another build tree: `dev` has all tests, and drives `release`.
set(EAI_E2E_BUILD ${CMAKE_BINARY_DIR} CACHE PATH "Build tree whose program the end to end tests drive")
set(EAI_TEST_TOOLS ${CMAKE_SOURCE_DIR}/build/test-tools CACHE PATH "What setup/test_tools.sh made")
file(GLOB e2e CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/e2e/*_test.py)
foreach(test ${e2e})
  get_filename_component(name ${test} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${name})
  # Each runs in a network namespace of its own, which has only loopback and no port in use.
  add_test(NAME e2e.${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/offline.sh
    ${EAI_TEST_TOOLS}/venv/bin/python -m pytest -q -p no:cacheprovider ${test})
  set_tests_properties(e2e.${name} PROPERTIES TIMEOUT 600 LABELS e2e WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/e2e
    ENVIRONMENT "EAI_BUILD=${EAI_E2E_BUILD};EAI_TEST_TOOLS=${EAI_TEST_TOOLS};PYTHONDONTWRITEBYTECODE=1")
endforeach()
