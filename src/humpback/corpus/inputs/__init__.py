"""What an input names: paths, globs, ranges of files, data sets of the hub, Common Crawl."""
