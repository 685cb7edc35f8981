"""Which segments stay: rights, quality, navigation, caps, samples."""
