millrace_unity(mr_app)
# The lines that chat reads
target_link_libraries(mr_app PUBLIC millrace::edit)
