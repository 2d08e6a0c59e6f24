<?php
/*
 * Draw labelled pictures with Gregwar's captcha, the look of the 113,000-picture Kaggle set, for training `crnn-clahe`.
 *
 *   apt-get install php-cli php-gd php-gregwar-captcha
 *   php -d error_reporting=0 tools/gregwar.php COUNT SEED FOLDER [FONTS]
 *
 * It writes 150x40 JPEGs of 5 characters and a labels.csv. Debian's package is of version 1.1.9 and carries other fonts than
 * the library did. With FONTS, a folder, every other picture takes one of the .ttf and .otf files below it instead; with
 * FONTS, a list like gregwar_fonts.txt, every picture takes a line of it and one of the files that the line's patterns name.
 */
require '/usr/share/php/Gregwar/Captcha/autoload.php';

use Gregwar\Captcha\CaptchaBuilder;
use Gregwar\Captcha\PhraseBuilder;

/** Version 1.2's effects: no contrast or tint, and pixels of the ground that have changed places with their neighbours. */
class Captcha extends CaptchaBuilder
{
    protected function postEffect($image)
    {
        if (mt_rand(0, 5)) {
            imagefilter($image, IMG_FILTER_SCATTER, -mt_rand(0, 1), mt_rand(1, 2), [$this->background]);
        }
        if (mt_rand(0, 1)) {
            imagefilter($image, IMG_FILTER_NEGATE);
        }
        if (mt_rand(0, 10) == 0) {
            imagefilter($image, IMG_FILTER_EDGEDETECT);
        }
    }
}

/** Every font file below a folder, sorted, so that a seed means the same pictures on every file system. */
function fonts(string $folder): array
{
    $found = [];
    foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder)) as $file) {
        if (preg_match('/\.(ttf|otf)$/i', $file->getFilename())) {
            $found[] = $file->getPathname();
        }
    }
    sort($found);
    return $found;
}

/** The lines of a list of fonts, each as the files that its patterns name. */
function font_list(string $list): array
{
    $lines = preg_grep('/^[^#]/', file($list, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES));
    $found = [];
    foreach ($lines as $line) {
        $files = array_merge(...array_map('glob', explode(' ', $line)));
        if (!$files) {
            fwrite(STDERR, "gregwar.php: $list: no file is named by: $line\n");
            exit(2);
        }
        $found[] = $files;
    }
    return $found;
}

if ($argc < 4) {
    fwrite(STDERR, "gregwar.php: usage: php tools/gregwar.php COUNT SEED FOLDER [FONTS]\n");
    exit(2);
}
[, $count, $seed, $folder] = $argv;
$lists = $argc > 4 && is_file($argv[4]) ? font_list($argv[4]) : [];
$fonts = $argc > 4 && !$lists ? fonts($argv[4]) : [];
if (is_dir($folder) || !mkdir($folder, 0777, true)) {
    fwrite(STDERR, "gregwar.php: $folder is there already or cannot be made: name a new folder\n");
    exit(2);
}
mt_srand((int) $seed);
$labels = fopen("$folder/labels.csv", 'w');
fputcsv($labels, ['file', 'label']);
for ($i = 0; $i < (int) $count; $i++) {
    $choice = $lists ? $lists[mt_rand(0, count($lists) - 1)] : ($i % 2 ? $fonts : []);
    $font = $choice ? $choice[mt_rand(0, count($choice) - 1)] : null;
    $captcha = new Captcha(null, new PhraseBuilder(5));
    $captcha->build(150, 40, $font);
    $name = sprintf('%06d.jpg', $i);
    $captcha->save("$folder/$name");
    fputcsv($labels, [$name, $captcha->getPhrase()]);
}
