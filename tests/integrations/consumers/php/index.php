<?php
declare(strict_types=1);

require __DIR__ . '/countersign.php';

$claims = (new Countersign('/etc/countersign/keys.json'))->claims($_SERVER['HTTP_AUTHORIZATION'] ?? '');
header('Content-Type: application/json');
if ($claims === null) {
    http_response_code(401);
    header('WWW-Authenticate: Bearer error="invalid_token"');
    echo json_encode(['error' => 'invalid_token']);
    exit;
}
echo json_encode(['user' => $claims['username']]);
