# Methods have the same functions, each its own: see proposer.h.
set(methods draft_model early_exit jacobi lookahead lookup random rest selfquant skip_layers suffix tree)
list(TRANSFORM methods PREPEND ${dir}/)
list(TRANSFORM methods APPEND .cpp)
set_source_files_properties(${methods} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
