import { createServer } from 'node:http';
import { JwtVerifier } from 'aws-jwt-verify';
import { validateJwtFields } from 'aws-jwt-verify/jwt';
